"""Posts: what people say in threads."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from lepton_hub.api.conditional import matches, require_unchanged, tagged
from lepton_hub.api.idempotency import IdempotencyKey, KeptAnswer, once
from lepton_hub.api.knowledge.document_routes import HTML
from lepton_hub.api.knowledge.knowledge_answers import PostAnswer, PostPage, post_answer
from lepton_hub.api.knowledge.thread_routes import ThreadId, note_thread
from lepton_hub.api.paging import Cursor, Limit, from_cursor, to_cursor
from lepton_hub.api.problems import Problem, described
from lepton_hub.api.request_context import Asker, State
from lepton_hub.knowledge import ThreadPost
from lepton_hub.knowledge.discussions import (
    ThreadFull,
    add_post,
    delete_post,
    find_post,
    find_thread,
    list_posts,
    own_post,
    reword,
)
from lepton_hub.knowledge.document_fields import NewPost

router = APIRouter(tags=["discussions"])

PostId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{16}$")]


@router.get("/threads/{id}/posts", response_model=PostPage, responses=described(400, 404))
def list_them(
    request: Request,
    state: State,
    person: Asker,
    id: ThreadId,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """List a thread's posts, oldest first."""
    after = from_cursor(cursor, int)
    with state.reading.begin() as session:
        thread = find_thread(session, person, id)
        found, total = list_posts(session, thread, limit + 1, after[0] if after else None)
        page = found[:limit]
        answer = PostPage(
            posts=[post_answer(post, thread) for post in page],
            total=total,
            next=to_cursor([page[-1].number]) if len(found) > limit else None,
        )
        note_thread(session, person, "post.list", thread)
    return tagged(request, answer)


@router.post(
    "/threads/{id}/posts",
    status_code=201,
    response_model=PostAnswer,
    responses=described(404, 409),
)
def add(
    request: Request,
    state: State,
    person: Asker,
    id: ThreadId,
    told: NewPost,
    key: IdempotencyKey = None,
) -> Response:
    """Post in a thread. Anybody who can see the thread may."""

    def work() -> KeptAnswer:
        thread = find_thread(session, person, id)
        try:
            post = add_post(session, person, thread, told.text)
        except ThreadFull as error:
            raise Problem(409, "This thread is full: start another one.") from error
        note_thread(session, person, "post.add", thread, post=post.public_id)
        place = f"{state.settings.prefix}/posts/{post.public_id}"
        return KeptAnswer(201, post_answer(post, thread), place)

    with state.sessions.begin() as session:
        return once(session, person.name, key, request, told, work)


@router.get("/posts/{id}", response_model=PostAnswer, responses=described(404))
def read(request: Request, state: State, person: Asker, id: PostId) -> Response:
    """Return a post. An edit must send its ETag."""
    with state.reading.begin() as session:
        post = find_post(session, person, id)
        note_thread(session, person, "post.read", post.thread, post=post.public_id)
        return tagged(request, post_answer(post, post.thread), _etag(post))


@router.get("/posts/{id}/html", response_class=Response, responses={**HTML, **described(404)})
def show(state: State, person: Asker, id: PostId) -> Response:
    """Return a post as sanitised HTML."""
    with state.reading.begin() as session:
        post = find_post(session, person, id)
        note_thread(session, person, "post.read", post.thread, post=post.public_id)
    return Response(state.renderer.markdown(post.text), media_type="text/html")


@router.put("/posts/{id}", response_model=PostAnswer, responses=described(403, 404, 412, 428))
def change(request: Request, state: State, person: Asker, id: PostId, told: NewPost) -> Response:
    """Edit one of your posts. Requires If-Match; the previous wording is kept."""
    with state.sessions.begin() as session:
        post = own_post(session, person, id)
        header = request.headers.get("if-match")
        if header is not None and not matches(header, _etag(post)):
            detail = (
                "You have changed it elsewhere in the meantime. Both wordings are here: decide "
                "which to keep."
            )
            raise Problem(412, detail, {"ETag": _etag(post)}, newest=post.text, yours=told.text)
        require_unchanged(request, _etag(post))
        if post.text != told.text:
            reword(session, post, told.text)
            facts = {"post": post.public_id, "revision": post.revision}
            note_thread(session, person, "post.change", post.thread, **facts)
        text = post_answer(post, post.thread).model_dump_json()
        return Response(text, headers={"ETag": _etag(post)}, media_type="application/json")


@router.delete("/posts/{id}", status_code=204, responses=described(403, 404))
def remove(state: State, person: Asker, id: PostId) -> None:
    """Delete your post, or one about an item you manage; deleting the first deletes the thread."""
    with state.sessions.begin() as session:
        post = find_post(session, person, id)
        thread = post.thread
        by = post.made_by
        number = post.number
        delete_post(session, person, post)
        note_thread(session, person, "post.delete", thread, post=id, number=number, by=by)


def _etag(post: ThreadPost) -> str:
    return f'"{post.public_id}-{post.revision}"'
