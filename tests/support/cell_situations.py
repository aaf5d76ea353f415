"""What test cells of real courses do, one situation each: names, and the cells' sources.

Collected from what users of nbgrader, otter and JupyterLab have reported. Each is a test of a
notebook whose answer is `def double(x): return 2 * x`; a situation of several cells is a list, of
which a pair ("locked", source) is a cell that learners may not change and that is no test.
"""

from __future__ import annotations

FIGURES = [
    "from matplotlib import pyplot as plt\nplt.plot([1, 2])\nassert len(plt.gca().lines) == 1",
    "plt.plot([2, 1])\nassert len(plt.gca().lines) == 1, 'the last figure is still open'",
    "assert not plt.get_fignums()",
]
GUARD = [
    ("locked", "import builtins\nkept = sum\ndef no_sum(*x): raise RuntimeError('write a loop')"),
    ("locked", "builtins.sum = no_sum"),
    "try:\n    sum([1])\nexcept RuntimeError:\n    pass\nelse:\n    assert False, 'sum is back'",
    ("locked", "def free():\n    builtins.sum = kept"),
    ("locked", "free()"),
    "assert sum([1, 2]) == 3",
    ("locked", "import builtins\nkept_filter = builtins.filter\ndel builtins.filter"),
    "try:\n    filter\nexcept NameError:\n    pass\nelse:\n    assert False",
    ("locked", "builtins.filter = kept_filter"),
]
SHOWS_ITSELF = """class Shown:
    def _ipython_display_(self):
        print('shown')
    def __repr__(self):
        return '0.5'
Shown()"""
BUNDLE = """class Bundle:
    def _repr_mimebundle_(self, include=None, exclude=None):
        return {'text/plain': '0.5', 'text/html': '<b>half</b>'}
Bundle()"""
PRETTY = """class Pretty:
    def _repr_pretty_(self, printer, cycle):
        printer.text('0.25')
Pretty()"""
BAD_REPR = """class Bad:
    def __repr__(self):
        raise ValueError('no')
Bad()"""
SERVER = """import socket
server = socket.create_server(('127.0.0.1', 0))
socket.create_connection(({!r}, server.getsockname()[1])).close()"""

SITUATIONS: dict[str, str | list] = {
    # shells and the system
    "a shell command": "!true",
    "a shell command that fails": "!exit 3\nassert _exit_code == 3",
    "the output of a shell command": "said = !echo twice\nassert said == ['twice']",
    "a shell command with a value": (
        "word = 'hi'\nsaid = !echo {word} $word\nassert said == ['hi hi']"
    ),
    "a magic made of a shell command": "%ls\nassert double(1) == 2",
    # It waits: on a busy machine stock's kernel else counts the words for a later cell.
    "a program that writes to standard error": (
        "import os, time\nos.system('echo oh >&2')\ntime.sleep(2)\nassert True"
    ),
    "a program that is a terminal's": "import os\nassert all(map(os.isatty, os.openpty()))",
    "localhost by its name": SERVER.format("localhost"),
    "localhost by its number": SERVER.format("127.0.0.1"),
    "its own name as a host": "import socket\nassert socket.gethostbyname(socket.gethostname())",
    "names of the standard streams": "open('/dev/stdout', 'w').close()\nopen('/dev/fd/1').close()",
    "a subprocess": (
        "import subprocess, sys\n"
        "subprocess.run([sys.executable, '-c', 'print(1)'], check=True);"
    ),
    "a program that was handed out": "said = !./said.sh\nassert said == ['said']",
    "the name of its user": "import getpass\nassert getpass.getuser()",
    "the notebook's own file": (
        "import json\ncells = json.load(open('p.ipynb'))['cells']\n"
        "assert any('return 2 * x' in ''.join(cell['source']) for cell in cells)"
    ),
    "a script": "%%bash\ntest -f p.ipynb",
    "a file that a magic writes": [
        "%%writefile made.py\nnumber = 3",
        "import made\nassert made.number == 3",
    ],
    "a program that is run": "%run made.py\nassert number == 3",
    "several processes": (
        "from multiprocessing import get_context\nwith get_context('fork').Pool(2) as pool:\n"
        "    assert pool.map(abs, [-1, 2]) == [1, 2]"
    ),
    "a temporary file": "import tempfile\nwith tempfile.TemporaryFile() as f:\n    f.write(b'1')",
    # state that stays from cell to cell
    "figures are closed": FIGURES,
    "builtins that a locked cell replaces": GUARD,
    "the last value": ["4.0;", "0.75", "assert _ == 0.75 and Out[max(Out)] == 0.75"],
    "the history": ["marker = 'a marker'", "assert any('a marker' in source for source in In)"],
    "the source of the answer": "import inspect\nassert 'return' in inspect.getsource(double)",
    "a name of an earlier test": ["leftover = 7", "assert leftover == 7"],
    "another working folder": ["import os\nos.mkdir('sub')\nos.chdir('sub')", "os.chdir('..')"],
    "random numbers": ["import random\nrandom.seed(0)\na = random.random()", "random.random() < a"],
    # last values
    "a value that shows itself": SHOWS_ITSELF,
    "a value of several forms": BUNDLE,
    "a value with a form of its own": PRETTY,
    "a value that cannot be shown": BAD_REPR,
    "a very long value": "['x' * 40] * 900",
    "a page as a value": "from IPython.display import HTML\nHTML('<b>1.0</b>')",
    "a NumPy number": "import numpy as np\nnp.float64(0.5)",
    "a fraction": "from fractions import Fraction\nFraction(1, 2)",
    "no points": "0",
    "half a point, as text": "'0.5'",
    "a truth": "double(2) == 5",
    "a negative number": "-1.0",
    "a number and a semicolon": "0.25;",
    "a list of one number": "[0.5]",
    "nothing at all": "",
    "only a comment": "# the test is in the next cell",
    "lines of a plot": "plt.plot([1, 2])",
    # streams
    "a warning": "import warnings\nwarnings.warn('careful')",
    "a deprecation": "import warnings\nwarnings.warn('old', DeprecationWarning)",
    "an assertion that is a tuple": "assert (double(2) == 5, 'never looked at')",
    "an escape that is none": "import re\nassert re.match('\\d', '1')",
    "a log line": "import logging\nlogging.warning('careful')",
    "captured output": "%%capture out\nprint(double(3))",
    "output that is redirected": (
        "import io, contextlib\nwith contextlib.redirect_stdout(io.StringIO()) as out:\n"
        "    print(double(3))\nassert out.getvalue() == '6\\n'"
    ),
    "unittest": (
        "import unittest\nclass Double(unittest.TestCase):\n    def test(self):\n"
        "        self.assertEqual(double(2), 4)\nunittest.main(argv=[''], exit=False)"
    ),
    # ways to end
    "a question to the user": "input('your name? ')",
    "a question that is answered": (
        "from unittest import mock\nwith mock.patch('builtins.input', return_value='3'):\n"
        "    assert double(int(input())) == 6"
    ),
    "leaving": "import sys\nsys.exit(0)",
    "a return outside of a function": "return double(2)",
    "a very long message": "assert False, 'x' * 300_000",
    "an assertion with its values": "assert double(2) == 5, f'got {double(2)}'",
    "a loop inside of a loop": "import asyncio\nasyncio.get_event_loop().run_until_complete(None)",
    # language
    "timing": "%timeit -n1 -r1 double(2)",
    "annotated names": "number: int = double(2)\nassert number == 4",
    "a test of the main program only": "if __name__ == '__main__':\n    assert double(2) == 5",
    "names by their text": "assert globals()['double'](2) == eval('double(2)') == 4",
    "other line endings": "assert double(1) == 2\r\nassert double(2) == 4\r\n",
    "other letters": "größe = double(2)\nassert größe == 4, '✗'",
    "a data class": (
        "from dataclasses import dataclass\n@dataclass\nclass Point:\n    x: int\n"
        "assert Point(double(1)) == Point(2)"
    ),
    "waiting": "import asyncio\nawait asyncio.sleep(0)\nassert double(1) == 2",
}  # fmt: skip
