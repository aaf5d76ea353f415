"""Forge files of answers: what comes back to the judge is whatever the attacker wrote."""

from tiny_course import DOUBLE

from attacks import Attack

FORGE = """
import io, json, os, zipfile
import numpy as np
import lepton_course.exercises.remote as remote

def send(data):
    def observe_file(name, cases, answers, namespace):
        open(answers, "wb").write(data)
    remote.observe_file = observe_file

def tree(value, **arrays):
    buffer = io.BytesIO()
    text = value if isinstance(value, str) else json.dumps(value)
    np.savez(buffer, tree=np.frombuffer(text.encode(), np.uint8), **arrays)
    return buffer.getvalue()

def seen(result, cases=6):
    case = {"dict": [["seen", {"dict": [["result", result], ["arguments", None]]}],
                     ["raised", None]]}
    return [case] * cases
"""


def forged(name: str, tries: str, code: str, **options: object) -> Attack:
    """Return an attack that writes the file of answers to `double` itself."""
    return Attack(name, tries, first=FORGE + code, **options)


ATTACKS = [
    forged(
        "answers_pickled",
        "has the judge unpickle an object that runs a program",
        """
class Bomb:
    def __reduce__(self): return (os.system, ("touch /tmp/lepton-attack-pickle",))
send(tree(seen({"array": 0}), a0=np.array([Bomb()], dtype=object)))
""",
    ),
    forged(
        "answers_not_a_file_of_values",
        "sends bytes that are nothing",
        "send(os.urandom(10_000))",
    ),
    forged(
        "answers_cut_off",
        "sends half of a file",
        "send(tree(seen({'array': 0}), a0=np.zeros(4))[:-30])",
    ),
    forged(
        "answers_zip_bomb",
        "sends 60 kB that unpack to 64 GB",
        """
buffer = io.BytesIO()
with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
    archive.writestr("a0.npy", bytes(60_000_000))
data = bytearray(buffer.getvalue())
at = data.index(b"PK\\x01\\x02")
data[at + 24:at + 28] = (1000).to_bytes(4, "little")
send(bytes(data))
""",
    ),
    forged(
        "answers_of_huge_shape",
        "sends an array that claims to have a quadrillion elements",
        """
def header(descr, shape):
    text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}".ljust(117)
    return b"\\x93NUMPY\\x01\\x00" + (118).to_bytes(2, "little") + text.encode() + b"\\n"
buffer = io.BytesIO()
with zipfile.ZipFile(buffer, "w") as archive:
    archive.writestr("tree.npy", header("|u1", (10**15,)))
    archive.writestr("a0.npy", header("<U0", (10**15,)))
send(buffer.getvalue())
""",
    ),
    forged(
        "answers_of_many_members",
        "sends a file of very many very small arrays",
        """
entry = zipfile.ZipInfo("a0.npy").FileHeader()
central = b"PK\\x01\\x02" + bytes(24) + (6).to_bytes(2, "little") + bytes(16) + b"a0.npy"
count = 400_000
end = b"PK\\x05\\x06" + bytes(8) + (len(central) * count).to_bytes(4, "little")
send(entry + central * count + end + len(entry).to_bytes(4, "little") + bytes(2))
""",
    ),
    forged(
        "answers_of_many_lists",
        "sends 60 MB of empty lists, which take gigabytes as objects",
        "send(tree('[' + '[],' * 20_000_000 + '0]'))",
    ),
    forged(
        "answers_that_repeat_a_tensor",
        "sends one large tensor and refers to it ninety thousand times",
        "send(tree(seen([{'tensor': 0}] * 15_000), a0=np.zeros(7_000_000)))",
    ),
    forged(
        "answers_nested_deeply",
        "sends lists in lists in lists, until the judge's stack is full",
        "send(tree('[' * 500_000 + ']' * 500_000))",
    ),
    forged(
        "answers_with_huge_numbers",
        "sends whole numbers of thousands of digits",
        "send(tree(seen(10**4000)))",
    ),
    forged(
        "answers_off_the_schema",
        "sends fields of the wrong types, such as lists where texts belong",
        """
raised = {"dict": [["kind", ["TypeError"]], ["message", 3], ["line", ["unhashable"]]]}
send(tree([{"dict": [["seen", {"dict": []}], ["raised", raised]]}] * 6))
""",
        total="def total(x): return float(x.sum())",
    ),
    forged(
        "answers_with_pairs_for_names",
        "sends lists of pairs where names are expected",
        "send(tree([{'dict': [['seen', [['result', 1.0], ['arguments', None]]],"
        " ['raised', 0]]}] * 6))",
    ),
    forged(
        "answers_without_cases",
        "sends no observations, so that none can be wrong",
        "send(tree([]))",
    ),
    forged(
        "answers_with_more_cases",
        "sends more observations than there are cases",
        "send(tree(seen({'array': 0}, 600), a0=np.zeros(4)))",
    ),
    forged(
        "answers_link",
        "leaves a link to the class's seed in place of an answer",
        """
places = json.load(open("places.json"))
remote.observe_file = lambda name, cases, answers, _: os.symlink(places["seed"], answers)
""",
    ),
    forged(
        "answers_pipe",
        "leaves a pipe in place of an answer, on which the reader would wait for ever",
        "remote.observe_file = lambda name, cases, answers, _: os.mkfifo(answers)",
    ),
    forged(
        "answers_folder",
        "leaves a folder in place of an answer",
        "remote.observe_file = lambda name, cases, answers, _: os.mkdir(answers)",
    ),
    forged(
        "answers_endless",
        "leaves a file of a terabyte, without data",
        """
def observe_file(name, cases, answers, namespace):
    import resource
    with open(answers, "wb") as file:
        file.truncate(resource.getrlimit(resource.RLIMIT_FSIZE)[0])
remote.observe_file = observe_file
""",
    ),
    forged(
        "answers_locked",
        "holds a lease on its answer, so that whoever opens it has to wait",
        """
import fcntl
def observe_file(name, cases, answers, namespace):
    global held
    held = open(answers, "w")
    held.close()
    held = open(answers)
    fcntl.fcntl(held, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    fcntl.flock(held, fcntl.LOCK_EX)
remote.observe_file = observe_file
""",
    ),
    forged(
        "answers_race",
        "swaps its answer for a link to the seed, over and over",
        """
import threading
places = json.load(open("places.json"))
def swap(answers):
    while True:
        os.symlink(places["seed"], answers + "s"); os.replace(answers + "s", answers)
        open(answers + "f", "w").close(); os.replace(answers + "f", answers)
def observe_file(name, cases, answers, namespace):
    open(answers, "w").close()
    threading.Thread(target=swap, args=(answers,), daemon=True).start()
remote.observe_file = observe_file
""",
    ),
    Attack(
        "exchange_removed",
        "removes the folder in which answers are exchanged, after a right answer",
        double=DOUBLE,
        total="import shutil; shutil.rmtree('../exchange')",
        deserves=(2, 0),
    ),
    Attack(
        "exchange_redirected",
        "puts a link to the class's private folder in the place of the exchange",
        first="""
import json, os
os.rename("../exchange", "../elsewhere")
os.symlink(json.load(open("places.json"))["private"], "../exchange")
""",
        double=DOUBLE,
    ),
    Attack(
        "exchange_closed",
        "takes all rights to the exchange away",
        first="import os; os.chmod('../exchange', 0)",
        double="def double(x): return x",
    ),
]
