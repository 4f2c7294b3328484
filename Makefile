# Everything a person types. `make help` lists it; scripts/setup does the installing.
SHELL := bash
.DEFAULT_GOAL := help
BIN := .venv/bin
LONG_BENCHMARKS = benchmarks/cost.py benchmarks/soak.py benchmarks/hearing.py benchmarks/audio.py benchmarks/centre.py benchmarks/series.py
BENCHMARKS = $(filter-out $(LONG_BENCHMARKS),$(sort $(wildcard benchmarks/[a-z]*.py)))
export VIDEO CAMERA TLS_CERT TLS_KEY CHROMIUM

.PHONY: help setup run test lint fmt bench bench-littering bench-cost bench-soak bench-hearing bench-audio bench-centre clean

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' Makefile
	@echo "  run takes VIDEO=recording.mp4, CAMERA=rtsp://user:password@host/path, TLS_CERT= and TLS_KEY="

setup: ## Install what is missing and prepare everything, start nothing
	@scripts/setup run

run: setup ## Start a whole commune on this machine (Ctrl-C ends it)
	@exec $(BIN)/python -m simulator

test: ## Install what the tests need and run every check
	@scripts/setup test
	@$(MAKE) --no-print-directory lint
	$(BIN)/pytest -n 3 --dist loadscope

lint: ## Format, lint, types and import arrows, changing nothing
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fmt: ## Format the code and repair what the linter can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: ## Measure; JSON lines on the screen and in benchmarks/out
	@scripts/setup test
	@mkdir -p benchmarks/out
	@set -o pipefail; for bench in $(BENCHMARKS); do $(BIN)/python $$bench || exit 1; done | tee benchmarks/out/latest.jsonl

bench-littering: ## Score the left-object detector against the footage in FOOTAGE
	@scripts/setup test
	@$(BIN)/python benchmarks/littering.py

bench-cost: ## Compare CPU and memory per live camera with motion and ffmpeg (80 minutes)
	@scripts/setup bench
	@cd benchmarks && ../$(BIN)/python cost.py

bench-soak: ## Ten thousand reconnects, and one hung camera among eight (8 minutes)
	@scripts/setup test
	@cd benchmarks && ../$(BIN)/python soak.py

bench-hearing: ## Count how surely a microphone tells that a broadcast was heard (4 minutes)
	@scripts/setup test
	@$(BIN)/python benchmarks/hearing.py

bench-audio: ## Beat, common start, CPU per loudspeaker, a typed word's way to its sound (4 minutes)
	@scripts/setup test
	@$(BIN)/python benchmarks/audio.py

bench-centre: ## Events a second, way to a console, a million waiting, on both databases; series (15 minutes)
	@scripts/setup test
	@$(BIN)/python benchmarks/centre.py

clean: ## Remove everything that was built or recorded (asks nothing, keeps var/)
	rm -rf .venv node_modules ioc/web/static/vendor benchmarks/out build *.egg-info
	find . -name __pycache__ -prune -exec rm -rf {} +
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage
