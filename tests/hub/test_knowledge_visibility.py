"""Who sees which documents, threads and posts: random people and deeds against a model."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from small_hub import ADA, BOSE, CURIE, DORA, PEOPLE, small_hub

from lepton_hub.identity.person import Person

# ── The model ─────────────────────────────────────────────────────────────────────────────────
RANKS = ["read", "contribute", "manage"]


@dataclass
class Document:
    space: str
    owner: str
    text: str
    grants: dict = field(default_factory=dict)


@dataclass
class Talk:
    about: str | None  # a document; None: a section of the course
    audience: tuple[str, str]
    posts: list[list[str]]  # id, author, text


def applies(person: Person, subject: str, name: str) -> bool:
    own = {"person": {person.name}, "team": person.teams, "organisation": {person.organisation}}
    return subject == "everybody" or name in own[subject]


def rank(person: Person, document: Document) -> int:
    ranks = [RANKS.index(role) for who, role in document.grants.items() if applies(person, *who)]
    ranks += [2] * (person.admin or person.name == document.owner)
    return max([*ranks, *[0] * (document.space in person.teams), -1])


def sees(person: Person, talk: Talk, documents: dict[str, Document]) -> bool:
    if talk.about is not None:
        return rank(person, documents[talk.about]) >= 0
    return person.admin or person.name == talk.posts[0][1] or applies(person, *talk.audience)


# ──────────────────────────────────────────────────────────────────────────────────────────────
NAMES = [person.name for person in PEOPLE]
WORDS = ["apple", "pear", "quince"]
SUBJECTS = [
    ("person", "dora"),
    ("team", "particles"),
    ("organisation", "quantum"),
    ("everybody", ""),
]
NOTHING = "A" * 16
who = st.sampled_from(NAMES)
words = st.sampled_from(WORDS)
numbers = st.integers(0, 5)


class Knowledge(RuleBasedStateMachine):
    """People write, share, talk and look around; each answer is what the model says."""

    @initialize()
    def start(self):
        self.stack = ExitStack()
        folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.hub = self.stack.enter_context(small_hub(folder))
        self.documents: dict[str, Document] = {}
        self.talks: dict[str, Talk] = {}
        self.gone: list[str] = []
        self.made = 0
        for name in NAMES:
            for kind, target in [*(("person", one) for one in NAMES), ("team", "engines")]:
                path = f"/subscriptions/{kind}/{target}"
                assert self.hub.ask(name, "PUT", path).status_code == 200

    def person(self, name: str) -> Person:
        return self.hub.known.people[name]

    def chosen(self, number: int) -> str:
        references = [*self.documents, "particles/nothing"]
        return references[number % len(references)]

    def chosen_talk(self, number: int) -> str:
        ids = [*self.talks, *self.gone[-1:], NOTHING]
        return ids[number % len(ids)]

    def rank(self, name: str, reference: str) -> int:
        document = self.documents.get(reference)
        return rank(self.person(name), document) if document else -1

    def sees(self, name: str, talk: str) -> bool:
        known = self.talks.get(talk)
        return known is not None and sees(self.person(name), known, self.documents)

    @rule(name=who, space=st.sampled_from(["~ada", "~dora", "engines", "particles"]), word=words)
    def write(self, name, space, word):
        self.made += 1
        told = {"space": space, "name": f"d{self.made}", "title": "T", "text": word, "tags": [word]}
        answer = self.hub.post(name, "/documents", told)
        mine = space in (f"~{name}", *self.person(name).teams)
        assert answer.status_code == (201 if mine else 403)
        if mine:
            self.documents[f"{space}/d{self.made}"] = Document(space, name, word)

    @rule(name=who, number=numbers, word=words)
    def edit(self, name, number, word):
        reference = self.chosen(number)
        etag = self.hub.get("grace", f"/documents/{reference}").headers.get("etag", '"x"')
        change = {"json": {"text": word}, "headers": {"If-Match": etag}}
        answer = self.hub.ask(name, "PUT", f"/documents/{reference}", **change)
        found = self.rank(name, reference)
        assert answer.status_code == (404 if found < 0 else 200 if found >= 1 else 403)
        if found >= 1:
            self.documents[reference].text = word

    @rule(number=numbers, subject=st.sampled_from(SUBJECTS), role=st.sampled_from([None, *RANKS]))
    def grant(self, number, subject, role):
        reference = self.chosen(number)
        if reference not in self.documents:
            return
        grants = self.documents[reference].grants
        if role is not None:
            self.hub.grant("grace", reference, *subject, role)
            grants[subject] = role
        elif grants.pop(subject, None):
            query = {"subject": subject[0], "of": subject[1]}
            self.hub.ask("grace", "DELETE", f"/items/{reference}/grants", params=query)

    @rule(name=who, number=numbers, word=words, question=st.booleans())
    def ask_about_a_document(self, name, number, word, question):
        reference = self.chosen(number)
        kind = "question" if question else "discussion"
        told = {"item": reference, "title": word, "text": word, "tags": [word], "kind": kind}
        answer = self.hub.post(name, "/threads", told)
        assert answer.status_code == (201 if self.rank(name, reference) >= 0 else 404)
        self.remember(answer, name, word, reference, ("", ""))

    @rule(
        name=who,
        audience=st.sampled_from(["team:engines", "organisation", "everybody"]),
        word=words,
    )
    def ask_about_a_section(self, name, audience, word):
        person = self.person(name)
        told = {"section": "m/l.ipynb", "audience": audience, "title": word, "text": word}
        answer = self.hub.post(name, "/threads", told)
        kind, _, of = audience.partition(":")
        may = {"team": of in person.teams, "organisation": bool(person.organisation)}
        assert answer.status_code == (201 if may.get(kind, True) else 403)
        of = person.organisation if kind == "organisation" else of
        self.remember(answer, name, word, None, (kind, of))

    def remember(self, answer, name, word, about, audience):
        if answer.status_code == 201:
            told = answer.json()
            self.talks[told["id"]] = Talk(about, audience, [[told["first"]["id"], name, word]])

    @rule(name=who, number=numbers, word=words)
    def reply(self, name, number, word):
        talk = self.chosen_talk(number)
        answer = self.hub.post(name, f"/threads/{talk}/posts", {"text": word})
        assert answer.status_code == (201 if self.sees(name, talk) else 404)
        if answer.status_code == 201:
            self.talks[talk].posts.append([answer.json()["id"], name, word])

    @rule(name=who, number=numbers, which=numbers)
    def delete_a_post(self, name, number, which):
        talk = self.chosen_talk(number)
        if talk not in self.talks:
            return
        known = self.talks[talk]
        post = known.posts[which % len(known.posts)]
        begins = post is known.posts[0]
        admin = self.person(name).admin
        manages = admin if known.about is None else self.rank(name, known.about) >= 2
        answer = self.hub.ask(name, "DELETE", f"/posts/{post[0]}")
        may = post[1] == name or manages
        assert answer.status_code == (404 if not self.sees(name, talk) else 204 if may else 403)
        if answer.status_code == 204 and begins:
            del self.talks[talk]
            self.gone.append(talk)
        elif answer.status_code == 204:
            known.posts.remove(post)

    @rule(name=who, number=numbers)
    def delete_a_document(self, name, number):
        reference = self.chosen(number)
        answer = self.hub.ask(name, "DELETE", f"/items/{reference}")
        found = self.rank(name, reference)
        assert answer.status_code == (404 if found < 0 else 200 if found >= 2 else 403)
        if answer.status_code == 200:
            del self.documents[reference]
            gone = [id_ for id_, talk in self.talks.items() if talk.about == reference]
            self.gone += gone
            for id_ in gone:
                del self.talks[id_]

    @rule(
        person=st.sampled_from([ADA, BOSE, CURIE, DORA]),
        teams=st.frozensets(st.sampled_from(["engines", "particles"])),
        organisation=st.sampled_from([None, "analytical", "quantum"]),
    )
    def move(self, person, teams, organisation):
        moved = replace(person, teams=teams, organisation=organisation)
        self.hub.known.people[person.name] = moved

    @rule(name=who)
    def look_around(self, name):
        """Lists, counts, facets, searches, digests and errors show what exists, and no more."""
        seen = {ref: one for ref, one in self.documents.items() if self.rank(name, ref) >= 0}
        heard = {id_: talk for id_, talk in self.talks.items() if self.sees(name, id_)}
        threads = self.hub.get(name, "/threads").json()
        assert {one["id"] for one in threads["threads"]} == set(heard)
        assert threads["total"] == len(heard)
        posts = [post for talk in heard.values() for post in talk.posts]
        everything = self.hub.get(name, "/search", params={"limit": 100}).json()
        assert everything["total"] == len(seen) + len(posts)
        assert everything["facets"]["kind"].get("document", 0) == len(seen)
        owners = everything["facets"]["owner"]
        assert sum(owners.values()) == len(seen) + len(posts)
        for word in WORDS:
            found = self.hub.get(name, "/search", params={"q": word, "limit": 100}).json()
            about = {ref for ref, one in seen.items() if one.text == word or self.tag(ref) == word}
            hits = {hit["reference"] for hit in found["hits"] if hit["kind"] == "document"}
            assert hits == about
            said = {hit["post"] for hit in found["hits"] if hit["post"]}
            assert said == self.said(heard, word)
            assert found["total"] == len(about) + len(said)
        self.look_for_what_is_hidden(name, seen, heard)
        told = self.hub.get(name, "/digest", params={"limit": 100}).json()["news"]
        assert sum(one["what"] in ("thread", "post") for one in told) == sum(
            post[1] != name for post in posts
        )
        assert {one["path"] for one in told if one["what"] in ("item", "revision")} <= {
            f"/documents/{ref}" for ref in seen
        }

    def tag(self, reference: str) -> str:
        return self.hub.get("grace", f"/items/{reference}").json()["tags"][0]

    def said(self, heard, word) -> set[str]:
        return {
            post[0]
            for talk in heard.values()
            for post in talk.posts
            if post[2] == word
        }  # fmt: skip

    def look_for_what_is_hidden(self, name, seen, heard):
        nothing = self.hub.get(name, "/documents/particles/nothing")
        for reference in set(self.documents) - set(seen):
            answers = [
                self.hub.get(name, f"/documents/{reference}"),
                self.hub.get(name, f"/documents/{reference}/html"),
                self.hub.get(name, f"/documents/{reference}/attachments/a"),
                self.hub.get(name, "/document", params={"id": f"{reference}@1"}),
                self.hub.get(name, "/threads", params={"item": reference}),
            ]
            for answer in answers:
                assert (answer.status_code, answer.content) == (404, nothing.content)
                assert answer.headers == nothing.headers
        for id_ in {*self.talks, *self.gone} - set(heard):
            posts = self.talks[id_].posts if id_ in self.talks else []
            paths = [f"/threads/{id_}", f"/threads/{id_}/posts"]
            for path in [*paths, *(f"/posts/{post[0]}/html" for post in posts)]:
                answer = self.hub.get(name, path)
                assert (answer.status_code, answer.content) == (404, nothing.content)
                assert answer.headers == nothing.headers

    def teardown(self):
        for name in NAMES:
            self.look_around(name)
        self.stack.close()


TestKnowledge = Knowledge.TestCase
TestKnowledge.settings = settings(
    max_examples=8,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
