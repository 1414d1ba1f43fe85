package points

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"mime"
	"mime/multipart"
	"strings"
	"testing"
)

// part is one part of a multipart request after the first: "Name: value" lines
// and the body.
type part struct{ head, body string }

// digest is the SHA-256 of the bytes.
func digest(body string) string {
	sum := sha256.Sum256([]byte(body))
	return hex.EncodeToString(sum[:])
}

// attachment declares the bytes; but changes it.
func attachment(body string, but ...any) obj {
	return obj{
		"usageType": "https://e.org/usage", "display": obj{"en": "a file"}, "contentType": "image/png", "length": len(body), "sha2": digest(body),
	}.but(but...)
}

// bytesOf is the part with the bytes.
func bytesOf(body string) part { return partOf(digest(body), body) }

func partOf(sha2, body string) part {
	return part{"Content-Type: image/png\r\nContent-Transfer-Encoding: binary\r\nX-Experience-API-Hash: " + sha2, body}
}

const boundary = "a boundary: /quoted/=?"

// mixed is a multipart body: the document as JSON, and the parts.
func mixed(document string, parts ...part) string {
	var b strings.Builder
	for _, p := range append([]part{{"Content-Type: application/json", document}}, parts...) {
		fmt.Fprintf(&b, "--%s\r\n%s\r\n\r\n%s\r\n", boundary, p.head, p.body)
	}
	return b.String() + "--" + boundary + "--\r\n"
}

// upload posts a document with parts; a path with statementId is put.
func (s *server) upload(path, document string, parts ...part) answer {
	s.t.Helper()
	method := "POST"
	if strings.Contains(path, "statementId=") {
		method = "PUT"
	}
	return s.do(method, path, mixed(document, parts...), "Content-Type", `multipart/mixed; boundary="`+boundary+`"`)
}

// takeApart reads a multipart answer: the document, and the bytes by digest. Each
// may be there once only.
func (a answer) takeApart() (document []byte, parts map[string]string) {
	a.t.Helper()
	a.want(200)
	typ, params, err := mime.ParseMediaType(a.Header.Get("Content-Type"))
	if err != nil || typ != "multipart/mixed" {
		a.t.Fatalf("%s answers %q: %v", a.what, a.Header.Get("Content-Type"), err)
	}
	if a.ContentLength != int64(len(a.body)) {
		a.t.Errorf("%s announces %d bytes and sends %d", a.what, a.ContentLength, len(a.body))
	}
	parts = map[string]string{}
	reader := multipart.NewReader(bytes.NewReader(a.body), params["boundary"])
	for n := 0; ; n++ {
		p, err := reader.NextRawPart()
		if errors.Is(err, io.EOF) {
			return document, parts
		}
		must(a.t, err)
		body, err := io.ReadAll(p)
		must(a.t, err)
		if n == 0 {
			if got := p.Header.Get("Content-Type"); got != "application/json" {
				a.t.Errorf("the first part is %q", got)
			}
			document = body
			continue
		}
		sha2 := p.Header.Get("X-Experience-API-Hash")
		if _, twice := parts[sha2]; twice || p.Header.Get("Content-Transfer-Encoding") != "binary" || p.Header.Get("Content-Type") != "image/png" {
			a.t.Errorf("part %d has headers %v", n, p.Header)
		}
		parts[sha2] = string(body)
	}
}

// wantParts wants a multipart answer with exactly these bytes.
func (a answer) wantParts(bodies ...string) {
	a.t.Helper()
	_, parts := a.takeApart()
	for _, body := range bodies {
		if got, ok := parts[digest(body)]; !ok || got != body {
			a.t.Errorf("%s: %.60q came back as %.60q, %v", a.what, body, got, ok)
		}
	}
	if len(parts) != len(bodies) {
		a.t.Errorf("%s has %d attachments, want %d", a.what, len(parts), len(bodies))
	}
}

// nasty holds what a sloppy reader or writer of multipart would change.
var nasty = "\r\n--" + boundary + "x\r\n\r\n--" + boundary[:5] + "\n\x00\xff\xfe\u2028=\r\n.\r\n--\r\n" + strings.Repeat("\r", 5000) + "--"

func TestPoint40_AttachmentBytesComeBackExactly(t *testing.T) {
	eachVersion(t, func(t *testing.T, s *server) {
		one := statement(1, "attachments", []obj{attachment(nasty), attachment("")})
		s.upload("/statements", one.String(), bytesOf(nasty), bytesOf("")).want(200)
		s.get("/statements"+query("statementId", id(1), "attachments", "true")).wantParts(nasty, "")
		document, _ := s.get("/statements" + query("statementId", id(1), "attachments", "true")).takeApart()
		if plain := s.get("/statements" + query("statementId", id(1))).want(200); !bytes.Equal(document, plain.body) || plain.Header.Get("Content-Type") != "application/json" {
			t.Errorf("with attachments it is\n%s\nwithout\n%s", document, plain.body)
		}
		head := s.do("HEAD", "/statements"+query("statementId", id(1), "attachments", "true"), "").want(200)
		if want := s.get("/statements" + query("statementId", id(1), "attachments", "true")).ContentLength; head.ContentLength != want || len(head.body) > 0 {
			t.Errorf("HEAD announces %d bytes, GET %d", head.ContentLength, want)
		}

		// One part for two statements, and for a sub-statement; PUT takes parts too.
		sub := obj{"objectType": "SubStatement", "actor": one["actor"], "verb": one["verb"], "object": one["object"], "attachments": []obj{attachment("shared")}}
		s.upload("/statements", batch(statement(2, "attachments", []obj{attachment("shared"), attachment("own")}),
			statement(3, "attachments", []obj{attachment("shared", "sha2", strings.ToUpper(digest("shared")))})), bytesOf("shared"), bytesOf("own")).want(200)
		s.upload("/statements"+query("statementId", id(4)), statement(4, "object", sub).String(), bytesOf("shared")).want(204)
		for n, want := range map[int][]string{2: {"shared", "own"}, 3: {"shared"}, 4: {"shared"}} {
			s.get("/statements" + query("statementId", id(n), "attachments", "true")).wantParts(want...)
		}
		page := s.get("/statements" + query("attachments", "true"))
		page.wantParts(nasty, "", "shared", "own")
		if document, _ := page.takeApart(); len(decode[result](t, document).Statements) != 4 {
			t.Errorf("the page is %s", document)
		}
		first := s.get("/statements" + query("attachments", "true", "limit", "1"))
		first.wantParts("shared")
		document, _ = first.takeApart()
		s.get(strings.TrimPrefix(decode[result](t, document).More, "/xapi")).wantParts("shared")

		// A voided statement keeps its attachments.
		s.post("/statements", statement(5, "verb", obj{"id": "http://adlnet.gov/expapi/verbs/voided"}, "object", obj{"objectType": "StatementRef", "id": id(1)}).String()).want(200)
		s.get("/statements"+query("voidedStatementId", id(1), "attachments", "true")).wantParts(nasty, "")
		s.get("/statements" + query("attachments", "true", "verb", "http://adlnet.gov/expapi/verbs/voided")).wantParts()

		// A multipart request may have statements only, and a boundary without quotes.
		plain := strings.ReplaceAll(mixed(statement(6).String()), boundary, "plain-'()+_,-.:")
		s.post("/statements", plain, "Content-Type", "multipart/mixed; boundary=\"plain-'()+_,-.:\"").want(200)
		s.post("/statements", strings.ReplaceAll(mixed(statement(7).String()), boundary, "-x"), "Content-Type", "Multipart/Mixed;boundary=-x").want(200)
		s.get("/statements" + query("statementId", id(6), "attachments", "true")).wantParts()
	})
}

func TestPoint41_WhatDoesNotMatchIsRefusedAndLeavesNothing(t *testing.T) {
	eachVersion(t, func(t *testing.T, s *server) {
		one := statement(1, "attachments", []obj{attachment("one")})
		both := batch(statement(2), one)
		s.upload("/statements", one.String(), partOf(digest("one"), "eno")).refused(400, "parts[1]", "another SHA-2 digest")
		s.upload("/statements", one.String(), partOf(digest("one"), "one ")).refused(400, "parts[1]", "another SHA-2 digest")
		s.upload("/statements", one.String(), bytesOf("one"), bytesOf("two")).refused(400, "parts[2].X-Experience-API-Hash", "no statement")
		s.upload("/statements", statement(1).String(), bytesOf("one")).refused(400, "parts[1].X-Experience-API-Hash", "no statement")
		s.upload("/statements", one.String()).refused(400, "attachments[0]", "nor its bytes")
		s.upload("/statements", both, bytesOf("one"), part{"Content-Type: image/png", "two"}).refused(400, "parts[2].X-Experience-API-Hash", "names here")
		s.upload("/statements", both, part{"X-Experience-API-Hash:", "one"}).refused(400, "parts[1].X-Experience-API-Hash", "no statement")
		s.upload("/statements", both).refused(400, "statements[1].attachments[0]", "nor its bytes")
		s.upload("/statements", one.String(), part{"Content-Transfer-Encoding: base64\r\nX-Experience-API-Hash: " + digest("one"), "b25l"}).
			refused(400, "parts[1].Content-Transfer-Encoding", "binary")
		s.upload("/statements", strings.Replace(both, "completed", "not an IRI", 1), bytesOf("one")).want(400)
		s.upload("/statements"+query("statementId", id(9)), one.String(), bytesOf("one")).refused(400, "id", "differs")

		whole := mixed(one.String(), bytesOf("one"))
		with := func(body, contentType string) answer {
			return s.post("/statements", body, "Content-Type", contentType)
		}
		quoted := `multipart/mixed; boundary="` + boundary + `"`
		with(strings.TrimSuffix(whole, "--\r\n")+"\r\n", quoted).want(400) // the last boundary is none
		with(whole[:len(whole)-80], quoted).refused(400, "parts[1]", "ends before")
		with(strings.Replace(whole, "application/json", "text/plain", 1), quoted).refused(400, "parts[0].Content-Type", "application/json")
		with(whole, "multipart/mixed").refused(400, "Content-Type", "boundary")
		with(whole, `multipart/mixed; boundary=""`).refused(400, "Content-Type", "boundary")
		with(whole, "multipart/mixed; boundary=other").refused(400, "parts[0]", "ends before")
		with(whole, `multipart/form-data; boundary="`+boundary+`"`).refused(400, "Content-Type", "multipart/mixed")
		with("--"+boundary+"--\r\n", quoted).want(400)
		s.wantIDs("")
		s.upload("/statements", both, bytesOf("one"), partOf(digest("one"), "eno")).refused(400, "parts[2]", "another SHA-2 digest")
		s.upload("/statements", both, bytesOf("one"), bytesOf("one")).want(200) // twice the same does no harm
		s.wantIDs("1 2")
	})
}

func TestPoint42_PlainJSONTakesNoAttachmentWithoutFileURL(t *testing.T) {
	eachVersion(t, func(t *testing.T, s *server) {
		elsewhere := attachment("one", "fileUrl", "https://e.org/one.png")
		s.post("/statements", statement(1, "attachments", []obj{elsewhere, attachment("two")}).String()).refused(400, "attachments[1]", "fileUrl")
		s.post("/statements", batch(statement(2), statement(1, "attachments", []obj{attachment("two")}))).refused(400, "statements[1].attachments[0]", "fileUrl")
		s.put("/statements"+query("statementId", id(1)), statement(1, "attachments", []obj{attachment("two")}).String()).refused(400, "attachments[0]", "fileUrl")
		sub := obj{"objectType": "SubStatement", "actor": statement(1)["actor"], "verb": statement(1)["verb"], "object": statement(1)["object"], "attachments": []obj{attachment("two")}}
		s.post("/statements", statement(1, "object", sub).String()).refused(400, "object.attachments[0]", "fileUrl")
		s.wantIDs("")

		s.post("/statements", statement(1, "attachments", []obj{elsewhere}).String()).want(200)
		s.get("/statements" + query("statementId", id(1), "attachments", "true")).wantParts()
		s.upload("/statements", statement(2, "attachments", []obj{elsewhere, attachment("two")}).String(), bytesOf("two")).want(200)
		s.get("/statements" + query("statementId", id(2), "attachments", "true")).wantParts("two")
		// Bytes may come although there is a fileUrl; who did not send them does not get them.
		s.upload("/statements", statement(3, "attachments", []obj{elsewhere}).String(), bytesOf("one")).want(200)
		s.get("/statements" + query("statementId", id(3), "attachments", "true")).wantParts("one")
		s.get("/statements" + query("statementId", id(1), "attachments", "true")).wantParts()

		// Nor do bytes sent for one open another's that were not.
		own := attachment("own", "fileUrl", "https://e.org/own.png")
		mixed := []obj{attachment("two"), elsewhere, own, elsewhere.but("sha2", strings.ToUpper(digest("one")))}
		s.as(s.key()).upload("/statements", statement(4, "attachments", mixed).String(), bytesOf("own"), bytesOf("two")).want(200)
		s.get("/statements"+query("statementId", id(4), "attachments", "true")).wantParts("own", "two")
		sub["attachments"] = []obj{elsewhere, own}
		s.upload("/statements", statement(5, "object", sub, "attachments", []obj{elsewhere.but("sha2", digest("three"))}).String(), bytesOf("own")).want(200)
		s.get("/statements" + query("statementId", id(5), "attachments", "true")).wantParts("own")
		s.get("/statements"+query("attachments", "true", "limit", "2")).wantParts("own", "two")
		many := []obj{own}
		for n := range 48 {
			many = append([]obj{attachment(fmt.Sprint(n), "fileUrl", "https://e.org/many")}, many...)
		}
		s.upload("/statements", statement(6, "attachments", many).String(), bytesOf("own")).refused(400, "attachments[48]", "fileUrl")
		s.upload("/statements", statement(6, "attachments", many[1:]).String(), bytesOf("own"), bytesOf("0")).want(200)
		s.get("/statements"+query("statementId", id(6), "attachments", "true")).wantParts("own", "0")
	})
}

func TestPoint43_EveryLengthOfSHA2IsVerified(t *testing.T) {
	eachVersion(t, func(t *testing.T, s *server) {
		s224, s256, s384, s512 := sha256.Sum224([]byte("x")), sha256.Sum256([]byte("x")), sha512.Sum384([]byte("x")), sha512.Sum512([]byte("x"))
		for n, sum := range [][]byte{s224[:], s256[:], s384[:], s512[:]} {
			sha2 := hex.EncodeToString(sum)
			one := statement(n+1, "attachments", []obj{attachment("x", "sha2", sha2)}).String()
			s.upload("/statements", one, partOf(sha2, "y")).refused(400, "parts[1]", "another SHA-2 digest")
			s.upload("/statements", one, partOf(strings.ToUpper(sha2), "x")).want(200)
			_, parts := s.get("/statements" + query("statementId", id(n+1), "attachments", "true")).takeApart()
			if parts[sha2] != "x" {
				t.Errorf("%s: %q", sha2, parts)
			}
		}
		sha1 := "11f6ad8ec52a2984abaafd7c3b516503785c2072"
		s.upload("/statements", statement(9, "attachments", []obj{attachment("x", "sha2", sha1)}).String(), partOf(sha1, "x")).refused(400, "attachments[0].sha2", "SHA-2")
		s.wantIDs("4 3 2 1")
	})
}

// jws is a signature of the payload. A key is needed for the RS algorithms.
func jws(t *testing.T, header obj, payload string, key *rsa.PrivateKey) string {
	t.Helper()
	b64 := base64.RawURLEncoding.EncodeToString
	text := b64([]byte(header.String())) + "." + b64([]byte(payload))
	hash := crypto.SHA256
	switch alg, _ := header["alg"].(string); alg {
	case "RS384":
		hash = crypto.SHA384
	case "RS512":
		hash = crypto.SHA512
	}
	h := hash.New()
	h.Write([]byte(text))
	sig, err := rsa.SignPKCS1v15(rand.Reader, key, hash, h.Sum(nil))
	must(t, err)
	return text + "." + b64(sig)
}

// certificate is a self-signed one for the key, as x5c has it.
func certificate(t *testing.T, key *rsa.PrivateKey) string {
	t.Helper()
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "signer"}}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	must(t, err)
	return base64.StdEncoding.EncodeToString(der)
}

func TestPoint44_SignaturesAreJudged(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	cert := certificate(t, key)
	signature := func(sig string, but ...any) obj {
		return attachment(sig, "usageType", "http://adlnet.gov/expapi/attachments/signature", "contentType", "application/octet-stream").but(but...)
	}
	eachVersion(t, func(t *testing.T, s *server) {
		n := 0
		signed := func(header obj, change func(plain obj) string) (string, string) {
			n++
			plain := statement(n, "timestamp", "2026-11-21T10:00:00Z")
			sig := jws(t, header, change(plain), key)
			return plain.but("attachments", []obj{signature(sig)}).String(), sig
		}
		asIs := func(plain obj) string { return plain.String() }
		for _, header := range []obj{
			{"alg": "RS256"}, {"alg": "RS384"}, {"alg": "RS512"}, {"alg": "RS256", "typ": "JWS", "kid": "1"},
			{"alg": "RS256", "x5c": []string{cert}}, {"alg": "RS512", "x5c": []string{cert, certificate(t, other)}},
		} {
			doc, sig := signed(header, asIs)
			s.upload("/statements", doc, bytesOf(sig)).want(200)
			if got := s.get("/statements" + query("statementId", id(n), "attachments", "true")).want(200); !bytes.Contains(got.body, []byte(sig)) {
				t.Errorf("%v: the signature does not come back", header)
			}
		}
		// Logically equal: other order and zone, what the store sets, another signature.
		doc, sig := signed(obj{"alg": "RS256"}, func(plain obj) string {
			text := plain.but("timestamp", "2026-11-21T12:00:00+02:00", "version", "1.0.0", "verb", obj{"id": plain["verb"].(obj)["id"], "display": obj{"en": "did"}}).String()
			return strings.Replace(text, `"actor":`, `"attachments":[],"actor":`, 1)
		})
		s.upload("/statements"+query("statementId", id(n)), doc, bytesOf(sig)).want(204)
		plain := statement(50, "attachments", []obj{attachment("x")})
		first := jws(t, obj{"alg": "RS256"}, plain.String(), key)
		once := plain.but("attachments", []obj{attachment("x"), signature(first)})
		second := jws(t, obj{"alg": "RS256"}, once.String(), other)
		s.upload("/statements", plain.but("attachments", []obj{signature(second), attachment("x"), signature(first)}).String(), bytesOf(first), bytesOf(second), bytesOf("x")).want(200)

		for _, c := range []struct {
			header obj
			change func(obj) string
			why    string
		}{
			{obj{"alg": "HS256"}, asIs, "RS256"}, {obj{"alg": "none"}, asIs, "RS256"}, {obj{"alg": "PS256"}, asIs, "RS256"}, {obj{"alg": "rs256"}, asIs, "RS256"},
			{obj{"ALG": "RS256"}, asIs, "RS256"}, {obj{"typ": "JWS"}, asIs, "RS256"}, {obj{"alg": []string{"RS256"}}, asIs, "RS256"},
			{obj{"alg": "RS256", "crit": []string{"exp"}}, asIs, "crit"},
			{obj{"alg": "RS256", "x5c": []string{certificate(t, other)}}, asIs, "does not verify"},
			{obj{"alg": "RS256", "x5c": []string{}}, asIs, "x5c"}, {obj{"alg": "RS256", "x5c": cert}, asIs, "x5c"},
			{obj{"alg": "RS256", "x5c": []string{"?"}}, asIs, "x5c[0]"}, {obj{"alg": "RS256", "x5c": []string{cert, cert[:40]}}, asIs, "x5c[1]"}, {obj{"alg": "RS256", "x5c": nil}, asIs, "x5c"},
			{obj{"alg": "RS256"}, func(o obj) string { return o.but("verb", obj{"id": "http://adlnet.gov/expapi/verbs/failed"}).String() }, "payload"},
			{obj{"alg": "RS256"}, func(o obj) string { return o.but("timestamp", nil).String() }, "payload"},
			{obj{"alg": "RS256"}, func(o obj) string { return o.but("id", id(99)).String() }, "payload"},
			{obj{"alg": "RS256"}, func(o obj) string { return o.but("attachments", []obj{attachment("x")}).String() }, "payload"},
			{obj{"alg": "RS256"}, func(o obj) string { return strings.Replace(o.String(), `"`, `'`, 1) }, "payload"},
			{obj{"alg": "RS256"}, func(o obj) string { return o.String() + strings.Repeat(" ", 100_000) }, "larger"},
		} {
			doc, sig := signed(c.header, c.change)
			s.upload("/statements", "["+doc+"]", bytesOf(sig)).refused(400, "statements[0].attachments[0]", c.why)
		}
		doc, sig = signed(obj{"alg": "RS256"}, asIs)
		parts := strings.Split(sig, ".")
		for _, broken := range []string{"", "x", parts[0] + "." + parts[1], parts[0] + "." + parts[1] + ".", sig + ".x", sig + "\n", sig + "=", "." + parts[1] + "." + parts[2], parts[1] + "." + parts[1] + ".!"} {
			s.upload("/statements", strings.Replace(doc, digest(sig), digest(broken), 1), bytesOf(broken)).refused(400, "attachments[0]", "JWS")
		}
		tampered := parts[0] + "." + parts[1] + "." + strings.Repeat("A", len(parts[2]))
		with := obj{"alg": "RS256", "x5c": []string{cert}}
		cut := strings.Split(jws(t, with, statement(60).String(), key), ".")
		tampered = cut[0] + "." + cut[1] + "." + strings.Split(tampered, ".")[2]
		s.upload("/statements", statement(60, "attachments", []obj{signature(tampered)}).String(), bytesOf(tampered)).refused(400, "attachments[0]", "does not verify")

		var one obj
		must(t, json.Unmarshal([]byte(doc), &one))
		text := one.but("attachments", []obj{signature(sig, "contentType", "text/plain")}).String()
		s.upload("/statements", text, bytesOf(sig)).refused(400, "attachments[0].contentType", "octet-stream")
		text = one.but("attachments", []obj{signature(sig, "fileUrl", "https://e.org/sig")}).String()
		s.post("/statements", text).refused(400, "attachments[0]", "multipart/mixed")
		s.upload("/statements", text).refused(400, "attachments[0]", "multipart/mixed")
		if got := len(s.list().Statements); got != 8 {
			t.Errorf("%d statements are stored, want 8", got)
		}
	})
}
