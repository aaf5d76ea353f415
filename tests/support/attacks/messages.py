"""Forge Jupyter's messages: the kernel's process has the key and the sockets to send any."""

from tiny_course import DOUBLE, TOTAL

from attacks import Attack

SEND = """
import threading, time
kernel = get_ipython().kernel
parent = kernel.get_parent()
def iopub(kind, content, **more):
    kernel.session.send(kernel.iopub_socket, kind, content, parent, **more)
def shell(kind, content, **more):
    kernel.session.send(kernel.shell_stream, kind, content, kernel.get_parent(),
                        ident=kernel._parents["shell"]["idents"] if hasattr(kernel, "_parents")
                        else kernel._parent_ident["shell"], **more)
"""

ATTACKS = [
    Attack(
        "reply_without_sense",
        "answers the grader's request itself, with content that makes no sense",
        double=DOUBLE,
        total=SEND + "shell('execute_reply', {'nonsense': [1, 2]})",
        deserves=(2, 0),
        status="partly graded",
        reason="made no sense",
    ),
    Attack(
        "reply_not_signed",
        "sends messages that are not signed, or no messages at all",
        double=DOUBLE,
        total=SEND
        + """
ident = kernel._parent_ident["shell"]
kernel.session.key = b"another key"
kernel.shell_stream.send_multipart([*ident, b"<IDS|MSG>", b"forged", b"{", b"", b"[", b"{}"])
kernel.shell_stream.flush()
kernel.iopub_socket.send_multipart([b"junk"])
""",
        deserves=(2, 0),
        status="partly graded",
        reason="made no sense",
    ),
    Attack(
        "early_replies",
        "says that the question is answered before it is, with a result of its own",
        first=SEND
        + """
import lepton_course.exercises.remote as remote
def observe_file(name, cases, answers, namespace):
    shell("execute_reply", {"status": "ok", "execution_count": 1, "user_expressions": {},
                            "payload": [{"source": "page", "data": {"text/plain": "3"}}]})
    iopub("execute_result", {"data": {"text/plain": "3"}, "metadata": {}, "execution_count": 1})
    iopub("status", {"execution_state": "idle"})
remote.observe_file = observe_file
""",
    ),
    Attack(
        "reply_of_fifty_megabytes",
        "hides a flood in the traceback of a reply, which is not an output",
        first=SEND
        + """
shell("execute_reply", {"status": "error", "ename": "E", "evalue": "x" * 25_000_000,
                        "traceback": ["x" * 25_000_000]})
iopub("status", {"execution_state": "idle"})
""",
        total=TOTAL,
        deserves=(0, 3),
    ),
    Attack(
        "idle_for_ever",
        "has a thread say without end that the kernel is idle",
        first=SEND
        + """
def talk():
    while True:
        kernel.session.send(kernel.iopub_socket, "status", {"execution_state": "idle"},
                            kernel.get_parent())
        time.sleep(0.001)
threading.Thread(target=talk, daemon=True).start()
""",
        total=TOTAL,
        deserves=(0, 3),
    ),
    Attack(
        "comm_messages",
        "opens widgets that catch the outputs of all cells, and fills them",
        first=SEND
        + """
state = {"_model_name": "OutputModel", "_model_module": "@jupyter-widgets/output", "outputs": [],
         "msg_id": parent["header"]["msg_id"]}
for i in range(40):
    data = {"state": {**state, "big": "x" * 1_000_000}, "buffer_paths": []}
    iopub("comm_open", {"comm_id": str(i), "target_name": "jupyter.widget", "data": data})
    iopub("comm_msg", {"comm_id": str(i), "data": {"method": "update", "state": state}})
print("caught")
""",
        total=TOTAL,
        deserves=(0, 3),
    ),
    Attack(
        "growing_display",
        "updates a small display with a large one, many times over",
        first="""
from IPython.display import display
small = [display("x", display_id=f"d{i}") for i in range(30)]
for i in range(30):
    display({"text/plain": "x" * 3_000_000}, raw=True, display_id=f"d{i}", update=True)
""",
        total=TOTAL,
        deserves=(0, 3),
    ),
    Attack(
        "updated_verdict",
        "keeps updating every display that it can name, after the verdict",
        first="""
import threading, time
from IPython.display import display
handles = [display("0", display_id=name) for name in ("double", "total", "mine")]
def update():
    for _ in range(100):
        for handle in handles:
            handle.update({"text/plain": "3"}, raw=True)
        time.sleep(0.01)
threading.Thread(target=update, daemon=True).start()
""",
    ),
    Attack(
        "outputs_off_the_format",
        "sends outputs that no notebook may hold",
        first=SEND
        + """
iopub("stream", {"name": {"x": 1}, "text": ["a", {"b": None}]})
iopub("display_data", {"data": [1, 2], "metadata": "none", "transient": {"display_id": {}}})
iopub("execute_result", {"data": {"text/plain": 3, "image/png": {}}, "metadata": {},
                         "execution_count": "three"})
iopub("error", {"ename": 3, "evalue": None, "traceback": "text"})
iopub("execute_input", {"code": "1", "execution_count": {"not": "a number"}})
iopub("no_such_message", {})
""",
        total=TOTAL,
        deserves=(0, 3),
    ),
    Attack(
        "half_characters",
        "prints half a character, which cannot be written to a file",
        first="print('\\ud800')",
        total=TOTAL,
        deserves=(0, 3),
    ),
    Attack(
        "input_requests",
        "asks whoever grades for input, by the front door and by the back door",
        first=SEND
        + """
kernel._allow_stdin = True
kernel.session.send(kernel.stdin_socket, "input_request", {"prompt": "password", "password": True},
                    parent, ident=kernel._parent_ident["shell"])
""",
        double="def double(x): return float(input('what is twice as much? '))",
        total=TOTAL,
        deserves=(0, 3),
    ),
    Attack(
        "own_client",
        "reads the connection file, and gives its own kernel orders as the grader would",
        first="""
import json, pathlib
from jupyter_client import BlockingKernelClient
client = BlockingKernelClient()
client.load_connection_info(json.loads(pathlib.Path("../kernel.json").read_text()))
client.start_channels()
for _ in range(20):
    client.execute("double = total = lambda x: 3.0; 3.0")
client.shutdown()
""",
        double="def double(x): return x",
        reason="",
        status="partly graded",
    ),
    Attack(
        "sockets_replaced",
        "puts links to a socket of the machine in the place of the kernel's, for the grader to "
        "connect to",
        first="""
import glob, json, os
target = json.load(open("places.json"))["unix_socket"]
for path in glob.glob("../k-*"):
    os.unlink(path)
    os.symlink(target, path)
""",
        double="""
kernel = get_ipython().kernel
for stream in (kernel.shell_stream, kernel.control_stream):
    stream.close()
""",
        status="partly graded",
    ),
    Attack(
        "message_over_the_limit",
        "sends one message that is larger than any that is taken",
        first=SEND + "iopub('stream', {'name': 'stdout', 'text': 'x' * 70_000_000})",
        total=TOTAL,
        deserves=(0, 3),
    ),
    Attack(
        "messages_packed_by_hand",
        "sends JSON that no library writes: keys twice, no numbers, deep nesting, objects as ids",
        first=SEND
        + """
import json
usual, header = kernel.session.pack, kernel.session.msg_header
bodies = [
    b'{"name": "stdout", ' + b'"text": "x", ' * 50_000 + b'"text": "3"}',
    b'{"metadata": {}, "data": {"application/json": [NaN, -Infinity, 1e999]}}',
    b'{"metadata": {}, "data": {"application/json": ' + b"[" * 198 + b"]" * 198 + b"}}",
    b'{"data": ' + b'{"a":' * 100_000 + b"1" + b"}" * 100_001,
    b'{"__class__": "x", "constructor": {}, "": null}', b"[]", b"3", b'"stdout"', b"null",
]
for kind in ("stream", "display_data", "status", "error", "clear_output"):
    for body in bodies:
        kernel.session.pack = lambda value: body if value == {"odd": 1} else usual(value)
        iopub(kind, {"odd": 1})
kernel.session.pack = usual
for odd in ({"msg_id": ["a"]}, {"date": "9999-12-31T23:59:59-23:59"}, {"session": {}}):
    kernel.session.msg_header = lambda kind: {**header(kind), **odd}
    iopub("stream", {"name": "stdout", "text": "odd"})
kernel.session.msg_header = header
""",
        total=TOTAL,
        deserves=(0, 3),
    ),
]
