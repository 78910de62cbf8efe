# berth: `make demo` shows it, `make test` tests it. Neither needs AWS, Docker or Python.

SHELL         := /bin/bash
.SHELLFLAGS   := -o pipefail -c

GO            ?= go
GOTESTSUM     := $(GO) run gotest.tools/gotestsum@v1.13.0
GOLANGCI_LINT := $(GO) run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
GOFUMPT       := $(GO) run mvdan.cc/gofumpt@v0.12.0

.DEFAULT_GOAL := help

.PHONY: help
help: ## Say what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

bin/berth: FORCE
	@test -x bin/berth || echo "Building berth; the first time this takes a few minutes."
	@$(GO) build -o bin/berth ./cmd/berth

.PHONY: FORCE
FORCE:

.PHONY: run
run: bin/berth ## Build and start berth here, ARGS="deploy --simulate" for a verb
	@./bin/berth $(ARGS)

.PHONY: demo
demo: bin/berth ## Deploy the sample app to a simulated AWS account
	@./bin/berth demo $(ARGS)

.PHONY: test
test: ## Run all tests with the race detector, and print how many ran
	@$(GOTESTSUM) --format pkgname-and-test-fails --format-hide-empty-pkg -- -race -timeout 30m $(ARGS) ./...
	@$(MAKE) --no-print-directory matrix

MATRIX = CutMatrix|DoorsMove|DataSurvives|OrphansOfACutDeployment|DenialMatrix
.PHONY: matrix
matrix: ## Cut and deny every call of every run (make test does a sample with the race detector)
	@$(GO) test -count=1 -timeout 40m -run '^Test($(MATRIX))' -v ./engine | grep -E '^ok|^FAIL|--- FAIL|cuts tried|_test.go:[0-9]+: [^0-9]' | grep -v 'finding out'

SHIP_MB ?= 1500
.PHONY: ship-bench
ship-bench: ## Measure build and push of an image of SHIP_MB with each builder, docker and skopeo
	@BERTH_TEST_BUILDX=$$(.ci/buildx) BERTH_SHIP_BENCH=$(SHIP_MB) $(GO) test -count=1 -timeout 60m -run '^TestShipBench$$' -v ./engine/image

FUZZTIME ?= 10s
.PHONY: fuzz
fuzz: ## Fuzz what reads input from outside, FUZZTIME each
	@set -e; for t in engine/prices:FuzzReadCSV compare/price:FuzzQuote compare/price:FuzzDecode \
		compare/longpoll:FuzzAdvise compare/longpoll:FuzzEdits engine/image:FuzzOutput; do \
		$(GO) test -run '^$$' -fuzz "^$${t#*:}$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x ./$${t%:*}; done

.PHONY: bench
bench: ## Run the benchmarks
	@$(GO) test -run '^$$' -bench . -benchmem ./...

.PHONY: lint
lint: ## Vet and lint, with the rules of .golangci.yml
	@$(GO) vet ./...
	@$(GOLANGCI_LINT) run ./...

.PHONY: fmt
fmt: ## Format the code
	@$(GOFUMPT) -l -w $(shell $(GO) list -f '{{.Dir}}' ./...)

.PHONY: golden
golden: ## Write the golden files of the screens anew; look at the diff
	@$(GO) test ./tui/app -update

.PHONY: screens
screens: bin/berth ## Make the screens of the README from real runs; needs tmux, for the PNGs Pillow and DejaVu
	@python3 tui/testdata/screens/make.py bin/berth

.PHONY: man
man: bin/berth ## Write the man pages to dist/man
	@./bin/berth man dist/man

# AWS's API models come with botocore, which moto brings.
MODELS = $(shell python3 -c 'import botocore, os; print(os.path.join(os.path.dirname(botocore.__file__), "data"))' 2>/dev/null)

.PHONY: conformance
conformance: ## Live on moto_server (Python, moto 5) over real HTTP, and hold all requests against AWS's API models
	@BERTH_TEST_MOTO=1 $(GO) test -count=1 -timeout 10m -run '^TestMoto' -v ./cmd/berth ./engine/resource/...
	@BERTH_TEST_MODELS=$(MODELS) $(GO) test -count=1 -timeout 10m -run '^TestRequestsKeepToTheModels$$' -v ./engine

.PHONY: dist
dist: ## Build the archives for all systems into dist/, with checksums and the install script
	@GO="$(GO)" .ci/dist

.PHONY: clean
clean: ## Remove what builds leave
	@rm -rf bin dist
