// Package points holds the record store to the points that implementers of xAPI
// get wrong: one test per point, TestPointNN_WhatItSays, over HTTP against a real
// server, on every store.
//
//	1–11   order, paging, voiding and references   queries_test.go, voiding_test.go
//	12–19  the same id again, batches              statements_test.go
//	20–22  parameters                              parameters_test.go
//	23–25  related filters                         related_test.go
//	26–39  formats, values, definitions
//	40–44  attachments and signatures
//	45–50  documents                               documents_test.go, document_params_test.go
//	51–56  HTTP, versions, errors                  http_test.go
//
// Beside the points stand what keys may do (keys_test.go, scopes_test.go), what pages
// of other origins may read (cors_test.go), that tenants never meet (tenants_test.go)
// and the alternate request syntax (alternate_test.go).
//
// harness_test.go starts the server, on the stores of places_test.go, and has the
// words the tests are written in.
package points
