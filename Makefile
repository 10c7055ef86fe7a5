# `make` alone lists what there is to do. A bare machine needs Python 3.11 to 3.13, make and git.
# The Python that was used last in this checkout, so that it needs to be named only once.
LAST_PYTHON := $(shell cat .local/python 2>/dev/null)
PYTHON ?= $(if $(wildcard $(LAST_PYTHON)),$(LAST_PYTHON),python3)
BOOTSTRAP = $(PYTHON) local/bootstrap.py
RUN = .venv/bin/python -m
TOGETHER = --numprocesses 2 --dist loadfile --no-loadscope-reorder
# A folder of tests, or what ARGS says: it may name files, or choose among the folder's tests.
of = $(if $(ARGS),$(if $(filter tests/%,$(ARGS)),,$(1)) $(ARGS),$(1) $(2))
# The page's unit tests run on Node. `make unit` runs those that ARGS names, `make check` all of them.
OF_PAGE = $(filter %.mjs,$(ARGS))
NODE = .local/venvs/page/bin/node
# Bytecode is kept, else every command compiles its libraries anew; and apart from the sources, which are packaged.
export PYTHONPYCACHEPREFIX = $(CURDIR)/.local/bytecode
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help up down status token logs sweep test unit integration e2e browser check bench contract smoke mutants model reliability format client events kinds catalog screens lock python dev stack checkers simulator page chromium

help: ## this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z0-9]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

up: stack ## the whole system on this machine, and a first account connected to it (CAVOK_PORT=4566)
	@$(RUN) local.up

down: dev ## end what `make up` started
	@$(RUN) local.stack down

status: dev ## what runs, and where
	@$(RUN) local.stack status

token: dev ## an ID token (USER=admin, viewer, operator or other_admin)
	@$(RUN) local.tokens $(if $(filter command line,$(origin USER)),$(USER),admin)

logs: dev ## the functions' logs, newest last (FUNCTION=part of a name, MINUTES=15)
	@$(RUN) local.logs --function "$(FUNCTION)" --minutes $(or $(MINUTES),15)

sweep: dev ## start the re-verification of the accounts that are due, now
	@$(RUN) local.sweep

test: checkers stack simulator chromium ## everything: checks, unit, integration, e2e and browser tests
	@mkdir -p .local/logs; $(RUN) local.check > .local/logs/check.log 2>&1 & check=$$!; $(RUN) local.stack up; up=$$?; \
	  wait $$check; checked=$$?; cat .local/logs/check.log; exit $$((up || checked))
	@$(RUN) tests.support.side_by_side $(TOGETHER)

unit: $(if $(OF_PAGE),page,dev simulator) ## the unit tests (ARGS="-k webhooks", as for the next three)
	@$(if $(OF_PAGE),$(NODE) --test --import=./tests/unit/dashboard/ends.mjs $(ARGS),$(RUN) pytest $(call of,tests/unit,$(TOGETHER)))

integration: dev simulator ## the tests against moto, and of the built functions
	@$(RUN) pytest $(call of,tests/integration,$(TOGETHER))

e2e: stack simulator ## the tests of the local stack
	@$(RUN) local.stack up
	@$(RUN) pytest $(call of,tests/e2e)

browser: stack chromium ## the tests of the page, in Chromium
	@$(RUN) local.stack up
	@$(RUN) pytest $(call of,tests/browser)

check: checkers ## style, types, the API's description, templates, workflows, policies, known vulnerabilities
	@$(RUN) local.check

bench: stack chromium ## starts, a person's test, the page, and what a sweep costs, against their targets
	@$(RUN) local.stack up
	@$(RUN) tests.bench

contract: dev ## what only a real account can prove (PROFILE=name of an AWS profile)
	@test -n "$(PROFILE)" || { echo "Say which AWS profile to use: make contract PROFILE=name"; exit 2; }
	@AWS_PROFILE="$(PROFILE)" $(RUN) pytest tests/contract --run-contract

smoke: dev ## try a deployed stack (STACK=name PROFILE= REGION= ACCOUNT= or ACCOUNT_PROFILE=); says what that proves
	@test -n "$(STACK)" || { echo "Say which stack to try: make smoke STACK=cavok-accounts"; exit 2; }
	@$(if $(PROFILE),AWS_PROFILE="$(PROFILE)") $(if $(REGION),AWS_DEFAULT_REGION="$(REGION)") PYTHONPATH=layers/shared \
	  $(RUN) tests.smoke "$(STACK)" $(if $(ACCOUNT),--account "$(ACCOUNT)") $(if $(ACCOUNT_PROFILE),--account-profile "$(ACCOUNT_PROFILE)")

format: dev page ## put the code in the project's style
	@.venv/bin/ruff check --quiet --fix . ; .venv/bin/ruff format --quiet .
	@$(NODE) .local/venvs/page/node_modules/prettier/bin/prettier.cjs --log-level warn --write \
	  --config local/page/prettier.json "functions/dashboard/static/**/*.{js,css,html}" "tests/unit/dashboard/*.mjs" "local/page/*.mjs"

client: python ## generate a Python client of the API into build/client
	@$(BOOTSTRAP) dev client
	@$(RUN) local.api_description client

events: dev ## write docs/events from the registry of events
	@PYTHONPATH=layers/shared $(RUN) local.event_docs

kinds: events ## write what follows from kinds of instances and providers: docs/events, the page's kinds.js and providers.js
	@PYTHONPATH=layers/shared $(RUN) local.page_kinds

catalog: dev ## write what follows from the catalog of permissions: templates, instructions, figures of docs/costs.md
	@PYTHONPATH=layers/shared $(RUN) local.catalog
	@PYTHONPATH=layers/shared $(RUN) tests.unit.domain.test_instructions_word_for_word

screens: stack chromium ## take the pictures of docs/screens again (NAMES="list week" takes these alone)
	@$(RUN) local.stack up
	@PYTHONPATH=layers/shared $(RUN) tests.browser.screens $(NAMES)

mutants: python ## mutation tests of the domain; an hour and a half, not in CI (MODULES="issues fixes" takes these alone)
	@$(BOOTSTRAP) dev mutants
	@.local/venvs/mutants/bin/python -m local.mutants $(MODULES)

reliability: dev simulator ## write the numbers of docs/reliability.md: faults and interleavings tried, and how long that takes
	@$(RUN) tests.support.reliability

model: dev ## the API against a model of it, 200 examples of 30 steps, other ones each time (EXAMPLES=200)
	@MODEL_EXAMPLES=$(or $(EXAMPLES),200) $(RUN) pytest tests/integration/test_model.py --timeout=1800

lock: dev simulator checkers ## write requirements/*.txt again from requirements/*.in
	@for name in uv dev sam emulator checkov simulator page openapi client mutants layer page-build; do \
	  case $$name in layer) to=layers/shared/requirements.txt ;; page-build) to=functions/dashboard/build-requirements.txt ;; \
	    *) to=requirements/$$name.txt ;; esac; \
	  .local/venvs/uv/bin/uv pip compile --quiet --universal --python-version 3.11 --no-header --generate-hashes \
	    requirements/$$name.in --output-file $$to || exit 1; done
	@for name in simulator page openapi; do \
	  .local/venvs/$$name/bin/node .local/venvs/$$name/bin/npm install --prefix requirements/$$name \
	    --package-lock-only --omit-lockfile-registry-resolved --no-audit --no-fund || exit 1; done

python:
	@command -v $(PYTHON) >/dev/null || { echo "There is no $(PYTHON) here. Install Python 3.11 to 3.13, or name one: make PYTHON=/path/to/python3.13 up"; exit 1; }

dev: python
	@$(BOOTSTRAP) dev

stack: python
	@$(BOOTSTRAP) dev sam emulator

checkers: python
	@$(BOOTSTRAP) dev sam checkov page openapi

simulator: python
	@$(BOOTSTRAP) dev simulator

page: python
	@$(BOOTSTRAP) dev page

chromium: dev
	@$(RUN) local.chromium
