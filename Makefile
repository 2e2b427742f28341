# guichet. `make help` lists what there is.
SHELL := /bin/sh
GO ?= go
BIN := bin/guichet
EVAL ?= ../shared/eval/dev
export GOFLAGS ?= -buildvcs=false

.PHONY: help run build install test test-llm check eval eval-routing bench web web-deps chromium browser lighthouse fuzz clean

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# With the sample shop, unless the addresses are chosen already: what a user has set stays as it is.
run: build install ## build, fetch what is missing, start on http://127.0.0.1:8080, with a sample shop on :8090
	@if [ -z "$$GUICHET_ADDR$$GUICHET_BASE_URL" ]; then export GUICHET_DEMO_ADDR="$${GUICHET_DEMO_ADDR-127.0.0.1:8090}"; fi; exec $(BIN) serve

build: | need-go ## build bin/guichet
	@$(GO) build -o $(BIN) ./cmd/guichet

install: ## install the embedded PostgreSQL and embedder into .local, pinned
	@scripts/install-embedded .local

test: build install ## everything, the browser tests included
	@$(GO) vet ./...
	@$(GO) run ./tools/vectors -warm
	@$(GO) test -timeout 30m ./...
	@$(MAKE) --no-print-directory web-check browser

check: | need-go ## the quick part: vet, the house's rules, unit tests
	@$(GO) vet ./...
	@$(GO) test -short -timeout 2m ./kb/... ./internal/archtest ./internal/support ./internal/problem ./internal/locale ./internal/config ./internal/openai ./internal/bleveindex ./internal/backup ./internal/httpapi

test-llm: build install ## what a real, weak language model says, and what is shown of it; 50 questions, by hand
	@scripts/install-llm .local
	@$(GO) test ./internal/app -tags llm -run WeakModel -count=1 -timeout 6h -v

eval: build install ## measure retrieval on the judged questions in EVAL (default ../shared/eval/dev)
	@$(BIN) eval --faq $(EVAL)/faq_multilingual --qa $(EVAL)/qa_grounded --by-collection

eval-routing: build install ## measure the guard against duplicates and the suggested categories
	@$(BIN) eval --routing $(EVAL)/intent_routing

bench: install ## measure against raw bleve and raw pgvector, and over 100,000 tickets; figures into docs/bench.json
	@$(GO) run ./tools/bench -set $(EVAL)/faq_multilingual

web: web-deps | need-go ## rebuild web/dist from web/src
	@scripts/build-web

web-deps: ## install what the front end is built and tested with
	@cd web && [ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --ignore-scripts --no-audit --no-fund --loglevel=error

web-check: web-deps ## types, unit tests, and that web/dist is what web/src makes
	@cd web && npx --no-install tsc --noEmit
	@cd web && node --test test/unit/*.test.mjs
	@scripts/build-web --check

browser: build install web-deps chromium ## the browser tests alone
	@cd web && node --test --test-timeout=900000 test/*.test.mjs

lighthouse: build install web-deps chromium ## measure home, article and answer page; writes docs/lighthouse.json
	@cd web/lighthouse && npm install --ignore-scripts --no-audit --no-fund --no-package-lock --loglevel=error
	@cd web && node --test --test-timeout=1200000 lighthouse/measure.mjs

chromium:
	@scripts/need-chromium

fuzz: ## fuzz the readers of foreign bytes, a minute each
	@$(GO) test ./kb/markdown -run '^$$' -fuzz FuzzParseFile -fuzztime 1m
	@$(GO) test ./kb/markdown -run '^$$' -fuzz FuzzRender -fuzztime 1m
	@$(GO) test ./internal/support -run '^$$' -fuzz FuzzCleanFileName -fuzztime 1m
	@$(GO) test ./internal/attach -run '^$$' -fuzz FuzzSniff -fuzztime 1m

clean: ## remove what was built; data and installs in .local stay
	@rm -rf bin

.PHONY: need-go web-check
need-go:
	@command -v $(GO) >/dev/null || { echo "guichet needs Go 1.26 or later to build; it was not found."; exit 1; }
