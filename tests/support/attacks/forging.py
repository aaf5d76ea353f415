"""Gain points without a right answer, by lying to whatever runs, compares or counts."""

from tiny_course import DOUBLE, TOTAL

from attacks import Attack

ATTACKS = [
    Attack(
        "ast_transformer",
        "removes every assert and every raise from all code to come",
        first="""
import ast
class Spare(ast.NodeTransformer):
    def visit_Assert(self, node): return ast.Pass()
    def visit_Raise(self, node): return ast.Pass()
get_ipython().ast_transformers.append(Spare())
""",
        double="def double(x):\n    assert False",
    ),
    Attack(
        "input_transformer",
        "turns every later cell into one that shows full marks",
        first="get_ipython().input_transformers_cleanup.append(lambda lines: ['3'])",
        total=TOTAL,
    ),
    Attack(
        "input_transformer_takes_the_question",
        "replaces the line that asks for the answer, and says that all went well",
        first="""
def calm(lines):
    return ["None"] if "observe_file" in "".join(lines) else lines
get_ipython().input_transformers_cleanup.append(calm)
""",
    ),
    Attack(
        "event_hooks",
        "shows full marks before and after each cell",
        first="""
from IPython.display import display
for event in ("pre_run_cell", "post_run_cell", "pre_execute", "post_execute"):
    get_ipython().events.register(event, lambda *info: display(3.0))
""",
    ),
    Attack(
        "custom_exceptions",
        "handles every exception by showing full marks",
        first="""
def handler(self, *exception, tb_offset=None):
    self.displayhook(3.0)
get_ipython().set_custom_exc((Exception,), handler)
""",
    ),
    Attack(
        "no_traceback",
        "hides that answers fail",
        first="""
from IPython.core.interactiveshell import InteractiveShell
InteractiveShell.showtraceback = lambda self, *args, **kwargs: print("3")
""",
        double="def double(x): raise ValueError",
    ),
    Attack(
        "early_execute_result",
        "has its own execute_result come first",
        first="""
def publish(points):
    get_ipython().display_pub.publish({"text/plain": points}, {})
    content = {"data": {"text/plain": points}, "metadata": {}, "execution_count": 1}
    kernel = get_ipython().kernel
    kernel.session.send(kernel.iopub_socket, "execute_result", content, kernel.get_parent())
""",
        double="publish('2')\ndef double(x): publish('2')",
        total="publish('3')\ndef total(x): publish('3')",
    ),
    Attack(
        "forged_verdict",
        "displays what a verdict of the judge looks like",
        first="""
from IPython.display import display
panel = "✓ Twice as much: 2 of 2 points"
display({"text/plain": panel, "text/html": panel}, raw=True,
        metadata={"lepton": {"points": 2, "max_points": 2, "diagnosis": None}})
2.0
""",
    ),
    Attack(
        "replaced_check",
        "replaces check by a function that is always content",
        first="""
import builtins, lepton_course
lepton_course.check = builtins.check = check = lambda name: 3.0
""",
    ),
    Attack(
        "replaced_judge",
        "replaces the judge and all comparisons in its own process",
        first="""
import lepton_course.exercises.judge as judge, lepton_course.exercises.compare as compare
judge.case_differences = compare._differences = compare.Close.differences = lambda *args: ()
judge.judge = lambda question, seen: judge.Verdict(question.name, "right", 3, 3, ())
""",
        double="def double(x): return x",
    ),
    Attack(
        "replaced_numpy",
        "replaces NumPy's comparisons by ones that always agree",
        first="""
import numpy as np
np.isclose = np.equal = np.allclose = np.array_equal = np.all = lambda *args, **kwargs: True
np.testing.assert_allclose = lambda *args, **kwargs: None
""",
        double="def double(x): return x",
    ),
    Attack(
        "replaced_torch",
        "replaces torch's comparisons by ones that always agree",
        first="""
import torch
torch.allclose = torch.equal = torch.isclose = lambda *args, **kwargs: True
torch.Tensor.__eq__ = lambda self, other: True
""",
        double="def double(x): return torch.tensor(x)",
    ),
    Attack(
        "replaced_probe",
        "replaces the probe, so that inputs are seen as results",
        first="""
import lepton_course.exercises.probes as probes
probes.Call.look = lambda self, answer, case: {"result": case.args[0], "arguments": None}
""",
        double="double = total = abs",
    ),
    Attack(
        "other_observations",
        "replaces dumps, and sends a verdict instead of observations",
        first="""
import lepton_course.exercises.remote as remote
write = remote.dumps
remote.dumps = lambda trees: write([{"points": 3, "status": "right", "passed": True}] * len(trees))
""",
        double="def double(x): return x",
        total="def total(x): return 0.0",
    ),
    Attack(
        "always_equal",
        "returns objects that claim to be equal to everything",
        double="""
class Equal(float):
    __eq__ = lambda self, other: True
    __ne__ = lambda self, other: False
    __hash__ = float.__hash__
    __sub__ = __rsub__ = __abs__ = lambda self, *other: 0.0
    __le__ = __lt__ = lambda self, other: True
def double(x): return np.array([Equal()] * len(x), dtype=object)
""",
        total="def total(x): return Equal(1.0)",
    ),
    Attack(
        "lying_class",
        "returns objects that claim to be arrays and floats",
        double="""
class Chameleon:
    __class__ = property(lambda self: np.ndarray)
    shape, dtype, ndim = (4,), np.dtype(float), 1
    def __array__(self, dtype=None, copy=None): return np.zeros(4)
    def __array_ufunc__(self, *args, **kwargs): return np.array(True)
    def __reduce__(self): return (eval, ("2.0",))
def double(x): return Chameleon()
""",
        total="""
class Number:
    __class__ = property(lambda self: float)
    def __float__(self): return float("nan")
def total(x): return Number()
""",
    ),
    Attack(
        "array_subclass",
        "returns an array of a class that compares as it likes",
        double="""
class Mine(np.ndarray):
    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs): return np.array(True)
    def __eq__(self, other): return True
def double(x): return x.view(Mine)
""",
    ),
    Attack(
        "tensor_subclass",
        "returns a tensor of a class that answers every function with agreement",
        double="""
import torch
class Mine(torch.Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None): return True
def double(x): return torch.tensor(x).as_subclass(Mine)
""",
        total="def total(x): return torch.nn.Parameter(torch.tensor(1.0))",
    ),
    Attack(
        "not_a_number",
        "answers NaN, which differs from nothing",
        double="def double(x): return np.full(4, np.nan)",
        total="def total(x): return float('nan')",
    ),
    Attack(
        "infinity",
        "answers infinity, from which everything is infinitely far",
        double="def double(x): return np.full(4, np.inf)",
        total="def total(x): return float('inf')",
    ),
    Attack(
        "broadcast",
        "answers shapes that agree with anything when they are broadcast",
        double="def double(x): return np.empty((0, 4))",
        total="def total(x): return np.array([])",
    ),
    Attack(
        "other_memory_layout",
        "answers rightly, through views with negative and zero strides",
        double="def double(x): return (2 * x[::-1])[::-1]",
        total="def total(x): return np.lib.stride_tricks.as_strided(x, (4,), (0,))",
        deserves=(2, 0),
    ),
    Attack(
        "everything_at_once",
        "answers a list of many guesses, one of which may be right",
        double="def double(x): return [x * k for k in range(5)]",
        total="def total(x): return [float(k) for k in range(5, 11)]",
    ),
    Attack(
        "memorised",
        "looks its own cases up in a table, and gives up on others",
        double="""
from lepton_course.exercises import values
table = {}
def double(x): return table[x.tobytes()]
""",
        total="def total(x): return {5: 7.5}[len(x)]",
    ),
    Attack(
        "judged_or_not",
        "finds out that it is being judged, and then tells another story",
        double="""
import sys
def double(x):
    frame = sys._getframe()
    while frame:
        if frame.f_code.co_name == "observe_file":
            frame.f_locals["tree"]["cases"].clear()
            return x
        frame = frame.f_back
    return 2 * x
""",
    ),
    Attack(
        "changed_names",
        "has both exercises judged by the easier one",
        first="""
import lepton_course.exercises.remote as remote
observe = remote.observe_file
remote.observe_file = lambda name, *files: observe("double", *files)
""",
        double=DOUBLE,
        deserves=(2, 0),
    ),
    Attack(
        "opaque_types",
        "sends stand-ins for objects, named after what may be expected",
        double="""
from lepton_course.exercises.values import Opaque
def double(x): return Opaque("ndarray")
""",
        total="def total(x): return Opaque('float')",
    ),
    Attack(
        "raises_on_purpose",
        "raises exceptions of odd names, with escape sequences, in place of answers",
        double="""
Odd = type("\\x1b[2J<script>alert(3)</script>", (Exception,), {"__str__": lambda self: 3})
def double(x): raise Odd
""",
        total="def total(x): raise type('Right', (BaseException,), {})('3 of 3 points')",
    ),
]
