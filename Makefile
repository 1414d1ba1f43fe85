.PHONY: demo test check build fmt lint bench fuzz pictures screenshots secret standin conformance interop

demo:    ; go run ./cmd/cairn demo
test:    ; go test ./...
check:   ; bash .ci/run
build:   ; CGO_ENABLED=0 go build -trimpath -o cairn ./cmd/cairn
fmt:     ; gofmt -w $$(git ls-files '*.go')
lint:    ; golangci-lint run ./...
bench:   ; go test -run '^$$' -bench . ./...
fuzz:    ; go test -run '^$$' -fuzz '^$(FUZZ)$$' -fuzztime 20s -fuzzminimizetime 10x $(or $(PKG),./lti)
pictures: ; CAIRN_PICTURES=$(CURDIR)/docs/pictures go test -count=1 -run TestPicturesForTheDocuments ./cmd/cairn
screenshots: ; CAIRN_SHOTS=$(CURDIR)/screenshots go test -count=1 -timeout 30m -run TestPicturesOfEveryPage ./cmd/cairn
secret:  ; @mkdir -p secrets && test -e secrets/cairn.key || (umask 077 && head -c 32 /dev/urandom | base64 > secrets/cairn.key && chmod 0444 secrets/cairn.key)
standin: ; cd .ci/standin && go run . -addr 127.0.0.1:27117
conformance: ; bash .ci/conformance "$(SUITE)"
interop: ; bash .ci/peers/run
