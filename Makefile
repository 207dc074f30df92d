# Every command of this repository. Nothing is installed outside this folder.
SHELL := /bin/bash
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# jsii prints a long warning about Node 20's end of life; the value is the major version not to warn about.
export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION := 20
export UV_NO_PROGRESS := 1
# Packages are installed without bytecode: where none may be written, each process compiles all that it imports again.
unexport PYTHONDONTWRITEBYTECODE

PACKAGES := functions events language clients infra
VENV := .venv/.installed
ENGINE := .engine/.installed
NODE := node_modules/.installed
CHROMIUM := /usr/bin/chromium
PAGES := $(if $(wildcard clients/pages/build.mjs),.build/pages/.built)

##@ Start

.PHONY: help
help: ## List the commands (this text)
	@awk 'BEGIN { FS = ":.*## " } /^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z][a-z0-9-]*:.*## / { printf "  make %-22s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@echo

.PHONY: install
install: $(VENV) $(ENGINE) $(NODE) ## Install the tools into .venv, .engine and node_modules (other commands do it too)

.PHONY: run
run: $(VENV) $(ENGINE) $(NODE) $(PAGES) ## Start the whole system on this machine, with customers and robots who use it: PACE=12
	@$(local) run $(flags)

.PHONY: demo
demo: $(VENV) $(ENGINE) $(NODE) ## Start it, take one order from basket to completed, print what it cost, stop
	@$(local) demo $(flags)

.PHONY: up
up: $(VENV) $(ENGINE) $(NODE) $(PAGES) ## Start it in the background (stop it with make down)
	@$(local) up $(flags)

.PHONY: shell
shell: $(VENV) ## Open a shell in which mallbots is a command, with its completion: PORT= STATE=
	@$(if $(PORT),PORT="$(PORT)") $(if $(STATE),STATE="$(STATE)") MALLBOTS_CHECKOUT="$(CURDIR)" \
		bash --rcfile clients/cli/shell.bash -i $(ARGS)

.PHONY: token
token: $(VENV) ## Print a fresh token: ROLE=staff, operator, kiosk, customer or bot; for one alone on stdout: make -s token
	@[ -n "$(ROLE)" ] || { echo "ROLE is missing: staff, operator, kiosk, customer or bot. Example: make token ROLE=staff" >&2; exit 1; }
	@$(operate) token $(call option,role,$(ROLE)) $(to)

.PHONY: down
down: $(VENV) ## Stop what make up started
	@$(local) down $(flags)

.PHONY: shoppers
shoppers: $(VENV) ## Let customers and robots use a mall that is up, until Ctrl-C: PACE=12, seconds between two customers
	@$(local) shoppers $(flags)

.PHONY: fault
fault: $(VENV) ## Break something in a local mall, or mend it: BREAK= payments, robot, message, network, engine; MEND= the same but message
	@$(local) fault $(call option,break,$(BREAK)) $(call option,mend,$(MEND)) $(flags)

.PHONY: control-panel
control-panel: $(VENV) ## Give the console of a mall that is up the panel that make run has, for breaking things, until Ctrl-C
	@$(local) control-panel $(flags)

.PHONY: load
load: $(VENV) $(ENGINE) $(NODE) ## Place many orders: ORDERS= in all, CLIENTS= at once, MIX=all for every path an order can take
	@$(local) load $(flags)

# The last line of these commands is JSON, for scripts: print nothing after it. PORT, STATE and the others only apply when set.
local = .venv/bin/python -m infra.local
flags = $(if $(PORT),--port "$(PORT)") $(if $(STATE),--state "$(STATE)") $(if $(ORDERS),--orders "$(ORDERS)") \
	$(if $(CLIENTS),--clients "$(CLIENTS)") $(if $(MIX),--mix "$(MIX)") $(if $(PACE),--pace "$(PACE)") $(ARGS)

##@ Operate: the local cloud, or a STAGE in the account of the environment's credentials

.PHONY: dead-letters
dead-letters: $(VENV) ## List what was given up and is not done with, with reasons: SERVICE=one (ARGS=--bodies prints the messages)
	@$(operate) dead-letters $(to)

.PHONY: redrive
redrive: $(VENV) ## Send dead letters back to their queues, by a ramp that stops by itself: LETTERS=id,id, GROUP=id or SERVICE=depot, TO= RATE=
	@$(operate) redrive $(to)

.PHONY: republish
republish: $(VENV) ## Publish a service's messages again: SERVICE=depot SINCE=2026-03-01T12:00:00Z UNTIL= STREAM= TO= NAMES= CURSOR=
	@$(operate) republish $(to)

.PHONY: commits
commits: $(VENV) ## Print the commits of a stream, or the one that holds a version: SERVICE=ordering STREAM='Order#id' VERSION=3 LIMIT=
	@$(operate) commits $(to)

.PHONY: snapshots
snapshots: $(VENV) ## Before code with a raised snapshot_schema is deployed: make the snapshots that it will look for: SERVICE=stores
	@$(operate) snapshots $(to)

.PHONY: migrate-personal-data
migrate-personal-data: $(VENV) ## Seal what customers stored before they had keys, and purge copies of it: ARGS=--dry-run counts
	@$(operate) migrate-personal-data $(to)

.PHONY: apply-erasures
apply-erasures: $(VENV) ## Before a restored table serves: erase who was erased since its backup: TABLE=restored (or VAULT=restored)
	@$(operate) apply-erasures $(to)

.PHONY: restore-epoch
restore-epoch: $(VENV) ## Before a restored table of events serves: list what is lost, and go on above it: SERVICE=depot TABLE=restored
	@$(operate) restore-epoch $(to)

.PHONY: logs
logs: $(VENV) ## Print a service's log lines that hold a text, or its errors: SERVICE=depot FIND=text SINCE=1h
	@$(operate) logs $(to)

# In single quotes, and a single quote outside of them: whatever a value holds, it is one word.
operate = .venv/bin/python -m infra.operate
to = $(call option,stage,$(STAGE)) $(call option,port,$(PORT)) $(call option,state,$(STATE)) \
	$(call option,service,$(SERVICE)) $(call option,letters,$(LETTERS)) $(call option,group,$(GROUP)) $(call option,limit,$(LIMIT)) \
	$(call option,rate,$(RATE)) $(call option,since,$(SINCE)) $(call option,until,$(UNTIL)) \
	$(call option,stream,$(STREAM)) $(call option,to,$(TO)) $(call option,names,$(NAMES)) \
	$(call option,cursor,$(CURSOR)) $(call option,find,$(FIND)) $(call option,version,$(VERSION)) \
	$(call option,table,$(TABLE)) $(call option,vault,$(VAULT)) $(ARGS)
option = $(if $(2),--$(1) '$(subst ','\'',$(2))')

##@ Change

.PHONY: format
format: $(VENV) $(NODE) ## Format the code and apply safe fixes
	@.venv/bin/ruff check --fix-only --quiet .
	@.venv/bin/ruff format .
	@node_modules/.bin/biome check --write --log-level=error

.PHONY: docs
docs: $(VENV) $(NODE) ## Regenerate schemas, samples, the catalogue, API documents, diagrams and the pages' types
	@.venv/bin/python -m language.generate
	@.venv/bin/python -m infra.documents.generate
	@node clients/pages/generate.mjs

.PHONY: site
site: $(VENV) $(NODE) ## Build the documentation site to .build/site/html, to be read from the file system; fails on a warning
	@.venv/bin/python -m infra.documents.site

.PHONY: docs-run
docs-run: $(VENV) $(ENGINE) $(NODE) ## Run the shell blocks of the pages in clones, each with its time: PAGE=tutorial PORT= STATE= ARGS=--list
	@.venv/bin/python -m tests.docs.run $(call option,page,$(PAGE)) $(call option,port,$(PORT)) \
		$(call option,state,$(STATE)) $(ARGS)

.PHONY: new-service
new-service: $(VENV) $(NODE) ## Write a service that works, to change as you like: NAME=loyalty (ARGS=--remove takes it out)
	@[ -n "$(NAME)" ] || { echo "NAME is missing. Example: make new-service NAME=loyalty" >&2; exit 1; }
	@.venv/bin/python -m infra.new_service '$(subst ','\'',$(NAME))' $(ARGS)
	@$(MAKE) docs
	@.venv/bin/python -m tests.contract.rest.reads
	@[ -n "$(ARGS)" ] || echo "try it: .venv/bin/pytest tests/unit/$(NAME) -q, then make up (docs/tutorial.md goes on from here)" >&2

.PHONY: check
check: $(VENV) ## Check lint, format, types, imports, generated files, templates, pages and security, in parallel
	@$(MAKE) --jobs=2 --keep-going $(if $(filter output-sync,$(.FEATURES)),--output-sync=target) $(CHECKS)

CHECKS := check-types check-templates check-imports check-security check-generated check-lint check-format check-pages
.PHONY: $(CHECKS)
check-types: $(VENV)
	@.venv/bin/mypy $(PACKAGES)
check-templates: $(VENV) $(NODE)
	@.venv/bin/python -m infra.lint $(ARGS)
check-imports: $(VENV)
	@.venv/bin/lint-imports --no-logo
check-security: $(VENV)
	@.venv/bin/bandit --quiet --configfile pyproject.toml --recursive $(PACKAGES)
check-generated: $(VENV) $(NODE)
	@.venv/bin/python -m language.generate --check
	@.venv/bin/python -m infra.documents.generate --check
	@node infra/documents/asyncapi.mjs docs/asyncapi.json > /dev/null
	@node clients/pages/generate.mjs --check
check-lint: $(VENV)
	@.venv/bin/ruff check --output-format concise .
check-format: $(VENV)
	@.venv/bin/ruff format --check --output-format concise .
check-pages: $(NODE)
	@node_modules/.bin/biome check --error-on-warnings
	@node_modules/.bin/tsc --project .

.PHONY: pages
pages: $(NODE) ## Build the console, the kiosk and the API page to .build/pages; prints their sizes, and fails over the limit
	@node clients/pages/build.mjs $(ARGS)

.PHONY: test
test: $(VENV) $(ENGINE) $(NODE) ## Run every test that needs no deployment
	@.venv/bin/pytest tests -n 2 --dist worksteal $(NOT_HERE) $(SLOWEST)

.PHONY: e2e
e2e: $(VENV) $(ENGINE) $(NODE) $(PAGES) $(CHROMIUM) ## Run the tests that deploy to the local cloud
	@$(MAKE) --jobs=2 --keep-going $(if $(filter output-sync,$(.FEATURES)),--output-sync=target) $(E2E)

# They wait most of the time, so those on the mall that they share run beside those with an engine or a mall of their own.
E2E := e2e-own e2e-shared
OWN := tests/e2e/engine tests/e2e/test_rehearsals.py tests/e2e/test_robots.py
.PHONY: $(E2E)
e2e-own:
	@.venv/bin/pytest $(OWN) --force-enable-socket $(SLOWEST)
e2e-shared:
	@.venv/bin/pytest tests/e2e $(addprefix --ignore=,$(OWN)) --force-enable-socket $(SLOWEST)

.PHONY: browser
browser: $(VENV) $(NODE) $(CHROMIUM) ## Test the pages in Chromium, against a mall of the tests' own; the last line is JSON (one file: ARGS=)
	@.venv/bin/python -m tests.browser -q $(ARGS)

.PHONY: screenshots
screenshots: $(VENV) $(NODE) $(CHROMIUM) ## Write docs/screenshots; every page and screen, to look at: ARGS=folder
	@.venv/bin/python -m tests.browser.screenshots $(ARGS)
	@.venv/bin/python -m tests.browser.kiosk_screenshots $(ARGS)

.PHONY: fuzz
fuzz: $(VENV) $(ENGINE) $(NODE) ## Fuzz the REST API of a local deployment: MINUTES=5, SEED= to repeat a printed seed
	@.venv/bin/python -m tests.fuzz $(if $(MINUTES),--minutes "$(MINUTES)") $(if $(SEED),--seed "$(SEED)")

.PHONY: security
security: $(VENV) $(ENGINE) $(NODE) ## Attack a local deployment, and show that each attack would succeed without its guard: CASE=, MUTANT=
	@.venv/bin/python -m tests.security $(call option,case,$(CASE)) $(call option,mutant,$(MUTANT))

.PHONY: coverage
coverage: $(VENV) $(ENGINE) $(NODE) ## Run the tests of make test and list the lines they do not cover
	@.venv/bin/pytest tests -n 2 --dist worksteal $(NOT_HERE) --cov --cov-report=term --cov-report=json:.coverage.json
	@.venv/bin/python -m tests.coverage_limits .coverage.json

.PHONY: mutants
mutants: $(VENV) ## Mutate the rules and list the mutants that no test noticed (takes long)
	@.venv/bin/python -m tests.mutants

.PHONY: bench
bench: $(VENV) ## Measure the write path: BASE=<commit> measures that commit too, side by side (one measure: ARGS=--only=fold)
	@.venv/bin/python -m tests.bench $(if $(BASE),--base "$(BASE)") $(ARGS)

.PHONY: rehearse
rehearse: $(VENV) $(ENGINE) $(NODE) ## Break three things under load on a local cloud, and mend each by the command line alone; the last line is JSON
	@.venv/bin/python -m tests.e2e.rehearse $(ARGS)

.PHONY: break-it
break-it: $(VENV) $(ENGINE) $(NODE) ## Break on a local cloud what the console's panel can, see each fail, and mend it; the last line is JSON
	@.venv/bin/python -m tests.e2e.break_it $(ARGS)

.PHONY: simulate
simulate: $(VENV) ## Simulate the system under injected faults: SCHEDULES=10000 SEED=1 JOBS=2 (more options: ARGS=)
	@.venv/bin/python -m tests.simulation.run $(simulated) $(ARGS)

simulated = $(if $(SCHEDULES),--schedules "$(SCHEDULES)") $(if $(SEED),--seed "$(SEED)") $(if $(JOBS),--jobs "$(JOBS)")

.PHONY: chaos
chaos: $(VENV) $(ENGINE) $(NODE) ## Real faults on a local deployment, under load: ORDERS=300 CLIENTS=6 SEED=1; the last line is JSON
	@.venv/bin/python -m tests.chaos.run $(call option,orders,$(ORDERS)) $(call option,clients,$(CLIENTS)) \
		$(call option,seed,$(SEED)) $(call option,port,$(PORT)) $(call option,state,$(STATE)) $(ARGS)

.PHONY: simulate-mutants
simulate-mutants: $(VENV) ## Plant bugs and count the schedules until the simulation finds each: JOBS=2 (more options: ARGS=)
	@.venv/bin/python -m tests.simulation.planted.run $(if $(JOBS),--jobs "$(JOBS)") $(ARGS)

.PHONY: simulate-strength
simulate-strength: $(VENV) ## Mutate kernel and services, and count what the simulation notices: SAMPLE=300 SEED=1 LIMIT=500 JOBS=2
	@.venv/bin/python -m tests.strength.run $(call option,sample,$(SAMPLE)) $(call option,seed,$(SEED)) \
		$(call option,limit,$(LIMIT)) $(call option,jobs,$(JOBS)) $(ARGS)

.PHONY: conformance
conformance: $(VENV) ## Try robot and gateway against the robots' standard, and the kit with faulty ones: ARGS="--case TEXT"
	@.venv/bin/python -m tests.conformance $(ARGS)

.PHONY: simulate-live
simulate-live: $(VENV) $(NODE) ## Simulate the pages' client with live's handlers: SCHEDULES=20000 SEED=1 JOBS=2 (more options: ARGS=)
	@.venv/bin/python -m tests.simulation.live $(simulated) $(ARGS)

.PHONY: simulate-live-mutants
simulate-live-mutants: $(VENV) $(NODE) ## Plant bugs in client and live, and count the schedules until each is found: JOBS=2 (more: ARGS=)
	@.venv/bin/python -m tests.simulation.live.planted.run $(if $(JOBS),--jobs "$(JOBS)") $(ARGS)

# These need a deployment, or a browser.
NOT_HERE := --ignore=tests/e2e --ignore=tests/browser
# What to make faster, when a run takes long.
SLOWEST := --durations=15 --durations-min=5

.PHONY: permissions
permissions: $(VENV) $(ENGINE) $(NODE) ## Take every permission away, and give it to every other function; writes the table of docs/security.md
	@.venv/bin/python -m tests.permissions $(ARGS)

.PHONY: hooks
hooks: $(VENV) ## Have git commit run the quick part of make check (once for each clone)
	@.venv/bin/pre-commit install

.PHONY: pr
pr: ## Run what a change must pass: check and test
	@$(MAKE) check
	@$(MAKE) test

.PHONY: release
release: $(VENV) ## Release the schemas, which later changes must not break, the indexes and the consumers: make release VERSION=0.2.0
	@[ -n "$(VERSION)" ] || { echo "VERSION is missing. Example: make release VERSION=0.2.0" >&2; exit 1; }
	@.venv/bin/python -m infra.indexes
	@.venv/bin/python -m infra.consumers
	@$(MAKE) sbom
	@.venv/bin/python -m language.release "$(VERSION)"

.PHONY: sbom
sbom: $(VENV) ## Write the bill of materials of what the functions run with (CycloneDX) to docs/sbom.json
	@.venv/bin/cyclonedx-py requirements requirements/runtime.lock --output-reproducible -o docs/sbom.json

##@ Deploy

.PHONY: synth
synth: $(VENV) $(NODE) ## Write the CloudFormation templates to cdk.out (STAGE= if not the default)
	@node_modules/.bin/cdk synth --quiet $(if $(STAGE),-c stage="$(STAGE)") -c deploying=no $(ARGS)

.PHONY: deploy
deploy: stage $(VENV) $(NODE) $(PAGES) ## Deploy to the AWS account of the environment's credentials: STAGE=name, ONLY="depot search" for some services
	@.venv/bin/python -m infra.deploy --stage "$(STAGE)" $(if $(ONLY),--only "$(stacks)") $(ARGS)

.PHONY: publish-pages
publish-pages: $(VENV) $(PAGES) ## Upload the pages to a deployment that has their stack: STAGE=name (the local cloud: make up)
	@$(operate) publish-pages $(to)

# A stack is named after its service, with a capital. Exclusively: the CDK would deploy the platform's stack too, on which each
# depends, and without alarm_email take its subscription away.
stacks = $(call stack,$(ONLY))
stack = $(shell echo "$(1)" | awk '{ for (i = 1; i <= NF; i++) print toupper(substr($$i, 1, 1)) substr($$i, 2) }')

.PHONY: idle-cost
idle-cost: $(VENV) ## Compute what a stage costs a month that no one uses: STAGE=prod
	@.venv/bin/python -m infra.idle_cost $(call option,stage,$(STAGE))

.PHONY: cost
cost: $(VENV) $(NODE) ## Bill orders that come at a pace, by service and by line of AWS's bill: ORDERS=1000000 PER_SECOND=0.4
	@.venv/bin/python -m tests.cost $(call option,orders,$(ORDERS)) $(call option,per-second,$(PER_SECOND)) $(ARGS)

.PHONY: growth
growth: $(VENV) ## Units and CPU of one more order with 100, 1,000 and 5,000 orders in the tables: equal, and flat
	@.venv/bin/python -m tests.bench.growth

.PHONY: order-cost
order-cost: $(VENV) ## Compute what an order costs at AWS's list prices
	@.venv/bin/python -m infra.order_cost

.PHONY: adopt
adopt: stage $(VENV) $(NODE) ## Take up again the tables that stayed when a service was removed: STAGE=name SERVICE=depot
	@tables="$$($(operate) tables --stage "$(STAGE)" --service "$(SERVICE)")" && node_modules/.bin/cdk import \
		$(call stack,$(SERVICE)) --resource-mapping-inline "$$tables" -c stage="$(STAGE)" -c deploying=no $(ARGS)

.PHONY: destroy
destroy: stage $(VENV) $(NODE) ## Remove a deployment: make destroy STAGE=name
	@read -r -p "This removes stage $(STAGE) and its messages in flight. Type its name to go on: " name && \
		[ "$$name" = "$(STAGE)" ] || { echo "Nothing was removed." >&2; exit 1; }
	@$(operate) empty-pages --stage "$(STAGE)"
	@node_modules/.bin/cdk destroy --all --force -c stage="$(STAGE)" -c deploying=no $(ARGS)

.PHONY: stage
stage:
	@[ -n "$(STAGE)" ] || { echo "STAGE is missing. Example: make $(or $(firstword $(MAKECMDGOALS)),deploy) STAGE=dev" >&2; exit 1; }

##@ Maintain

.PHONY: lock
lock: $(VENV) ## Resolve requirements/*.lock from pyproject.toml (newest versions: ARGS=--upgrade)
	@$(compile) --group dev -o requirements/all.lock
	@$(compile) --group runtime -c requirements/all.lock -o requirements/runtime.lock
	@$(compile) --group engine -o requirements/engine.lock

# One resolution for all groups that share an environment: locked apart, they would disagree.
compile = .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header $(ARGS)

.PHONY: clean
clean: ## Remove what was built (not the environments, not the local cloud's state)
	@rm -rf .build cdk.out mutants .coverage .coverage.* htmlcov .hypothesis .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
	@find $(PACKAGES) tests -name __pycache__ -type d -prune -exec rm -rf {} +

# Built when a file of the pages changed. esbuild takes about a second.
.build/pages/.built: $(NODE) $(shell find clients/console clients/kiosk clients/docs clients/pages -type f 2> /dev/null)
	@node clients/pages/build.mjs > /dev/null
	@touch $@

# The environments. A stamp is newer than the lock it was installed from, so a changed lock triggers a new installation.

# The first Python that is new enough and can create a virtual environment.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)

define NO_PYTHON
No suitable Python was found. Needed: Python 3.11 or newer, with its modules venv and ensurepip.
  Debian, Ubuntu:  apt-get install python3 python3-venv
  Fedora:          dnf install python3
  macOS:           brew install python
Or name one: make install PYTHON=/path/to/python3
endef
export NO_PYTHON

# $(call environment,FOLDER,LOCK): pip installs uv into .venv, at the version and hashes of the lock; uv installs the rest.
define environment
	@[ -n "$(PYTHON)" ] || { echo "$$NO_PYTHON" >&2; exit 1; }
	@[ -x $(1)/bin/python ] || { rm -rf $(1) && $(PYTHON) -m venv $(1); }
	@[ -x .venv/bin/uv ] || { awk '/^[^ ]/ { mine = /^uv==/ } mine' requirements/all.lock > .venv/uv.lock && \
		.venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r .venv/uv.lock; }
	@.venv/bin/uv pip sync --quiet --python $(1) --require-hashes $(2)
	@touch $(1)/.installed
endef

$(VENV): requirements/all.lock
	@echo "Installing the Python packages into .venv …" >&2
	$(call environment,.venv,$<)
	@install -m 755 clients/cli/mallbots .venv/bin/mallbots

$(ENGINE): requirements/engine.lock $(VENV)
	@echo "Installing the local cloud into .engine …" >&2
	$(call environment,.engine,$<)

# Debian's, which takes about 15 s: the browser tests run no other.
$(CHROMIUM):
	@[ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null || \
		{ echo "$@ was not found. Debian, Ubuntu: apt-get install chromium" >&2; exit 1; }
	@echo "Installing Chromium …" >&2
	@apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
		chromium fonts-dejavu-core > /dev/null

$(NODE): package-lock.json package.json .npmrc
	@command -v npm > /dev/null || { echo "npm was not found: install Node.js 20 or newer (the CDK runs on it)." >&2; exit 1; }
	@echo "Installing the CDK command line and the tools of the pages into node_modules …" >&2
	@npm ci --loglevel=error > /dev/null
	@touch $@
