# Two commands do everything: 'make demo' and 'make test'. Both first make .venv from the pinned, hashed lock.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
DEMO ?= data/demo
ACCOUNTS ?= 20000

.PHONY: help demo test check bounds bench-quality bench-speed bench-scale bench-templates bench-detection lock clean

help:
	@echo "make demo    simulate a service, find its rings, write the first operator's summary"
	@echo "make test    run the test suite"
	@echo "make check   lint, types and the import contract"
	@echo "make bounds  the tests of compiled loops, which then look whether what they read is there"
	@echo "make bench-quality  linkage and its peers on simulated worlds, against the accepted figures: an hour; with"
	@echo "             SHORT=1 two minutes, with ACCEPT=1 the figures of now are accepted"
	@echo "make bench-speed    a whole run on 200,000 accounts beside one Leiden run, three times by turns: minutes;"
	@echo "             SHARE=0.45 for 1.5 million links, ACCOUNTS=1000000 for more accounts"
	@echo "make bench-scale    linkage, the floor and peers on 135 million exchanges, a quarter and a sixteenth of them: hours"
	@echo "make bench-templates  template ids on log lines and prompts with known templates, beside Drain; in speed and"
	@echo "             memory; and in whole runs: an hour or two"
	@echo "make bench-detection  nights of a campaign replayed, and when each operator surfaces: minutes; ACCOUNTS=60000 and"
	@echo "             SEED=1101 for other worlds"
	@echo "make lock    pin the newest versions, with hashes, in requirements.lock"

$(VENV)/.ready: requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

demo: $(VENV)/.ready
	$(BIN)/linkage simulate $(DEMO)/world --accounts $(ACCOUNTS) --seed 7 --force
	$(BIN)/linkage run --config $(DEMO)/world/linkage.toml
	$(BIN)/linkage rings --run $(DEMO)/world/runs/latest --top 10
	$(BIN)/linkage evaluate $(DEMO)/world/runs/latest $(DEMO)/world/truth.parquet
	$(BIN)/linkage export --run $(DEMO)/world/runs/latest --out $(DEMO)/summary --force
	@echo
	@echo "What to do next:"
	@echo "  open $(DEMO)/summary/summary.html in a browser: the summary for legal review"
	@echo "  $(BIN)/linkage rings --run $(DEMO)/world/runs/latest      all rings, ranked"
	@echo "  $(BIN)/linkage show RING --run $(DEMO)/world/runs/latest  one of them: members, evidence, what speaks against it"
	@echo "  $(BIN)/linkage init YOUR-LOGS                        a linkage.toml for your own logs"

test: $(VENV)/.ready
	$(BIN)/python -m pytest -n auto

check: $(VENV)/.ready
	$(BIN)/ruff check linkage tests
	$(BIN)/mypy --strict linkage
	$(BIN)/lint-imports

bounds: CHECKED := $(abspath build/bounds)
bounds: $(VENV)/.ready
	NUMBA_BOUNDSCHECK=1 NUMBA_CACHE_DIR=$(CHECKED) $(BIN)/python -m pytest -n auto tests/rings tests/templates

bench-quality: $(VENV)/.ready
	$(BIN)/python -m linkage.yardstick $(if $(SHORT),--short) $(if $(ACCEPT),--accept)
	$(if $(SHORT),,$(BIN)/python -m linkage.yardstick third-party)

bench-speed: ACCOUNTS = 200000
bench-speed: SHARE = 1
bench-speed: $(VENV)/.ready
	$(BIN)/python -m linkage.yardstick speed --accounts $(ACCOUNTS) --share $(SHARE)

bench-scale: $(VENV)/.ready
	$(BIN)/python -m linkage.yardstick scale

bench-templates: $(VENV)/.ready
	$(BIN)/python -m linkage.yardstick templates

bench-detection: ACCOUNTS = 12000
bench-detection: SEED = 1100
bench-detection: WORLD = build/detection/campaign-$(ACCOUNTS)-$(SEED)
bench-detection: $(VENV)/.ready
	$(BIN)/linkage simulate $(WORLD) --preset campaign --accounts $(ACCOUNTS) --seed $(SEED) --evade 0.3 --force
	$(BIN)/linkage replay $(WORLD)/linkage.toml $(WORLD)/truth.parquet

lock:
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --universal --generate-hashes --python-version 3.11 --extra dev \
		--no-emit-index-url --no-header --no-annotate --upgrade -o requirements.lock

clean:
	rm -rf $(VENV) $(DEMO) build dist
