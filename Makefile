# Everything a contributor runs. `make help` lists it.
export CGO_ENABLED ?= 0
GO ?= go
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.0
BENCH ?= .
FUZZTIME ?= 20s

.DEFAULT_GOAL := help
.PHONY: help build demo run test test-short lint bench fuzz clean prepare

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-11s %s\n", $$1, $$2}' Makefile

build: ## build the shell as bin/s3sql
	$(GO) build -o bin/s3sql ./cmd/s3sql

demo: build ## a tour on an embedded database in a temporary folder
	@./examples/demo/run.sh

run: build ## open the shell on file:// data in ./s3sql-data
	@./bin/s3sql "file://$(CURDIR)/s3sql-data"

prepare: # the race detector needs a C compiler
	@command -v gcc >/dev/null || (apt-get update -qq && apt-get install -y -qq gcc libc6-dev)

test: prepare lint ## install what the tests need, start it, run everything, stop it
	$(GO) run ./conformance/testenv/cmd/testenv -- env CGO_ENABLED=1 $(GO) test -race -timeout 10m ./...

test-short: ## the unit tests, without the race detector
	$(GO) test -short ./...

lint: ## gofmt and go vet; the rules of the house are tests in internal/lint
	@fmt=$$(gofmt -l $$(git ls-files '*.go')); [ -z "$$fmt" ] || { echo "not gofmt'ed:"; echo "$$fmt"; exit 1; }
	$(GO) vet ./...

bench: ## benchmarks; BENCH=regexp selects
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchmem ./...

fuzz: ## every fuzz target for FUZZTIME
	@for pkg in $$($(GO) list ./...); do \
	  for f in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz'); do \
	    echo "$$pkg $$f"; $(GO) test -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME) $$pkg || exit 1; \
	  done; done

clean: ## remove what the build made
	rm -rf bin
