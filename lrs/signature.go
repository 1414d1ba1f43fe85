package lrs

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/cairn-lms/cairn/xapi"
)

// A signed statement has an attachment that is a JSON Web Signature in its compact
// form (1.0.3 Data 2.6; 2.0 4.2.5; RFC 7515):
//
//	base64url(header) . base64url(payload) . base64url(signature)
//
// The header names the algorithm, RS256, RS384 or RS512, and may hold the
// certificate of the signer (x5c), which then must verify the signature. The
// payload is the statement before its signature was added.

// jws is a signature that is well-formed, and verified if it has a certificate.
type jws struct{ payload []byte }

// What bounds a signature.
const (
	maxCertificates = 10
	maxKeyBits      = 8192
	maxHeader       = 256 << 10 // bytes, decoded
)

// payloadOf bounds the payload for a statement of size bytes: it is the same
// statement, if written otherwise.
func payloadOf(size int) int { return 2*size + 16<<10 }

// parseSignature reads a signature. What is wrong with it is the error's text.
func parseSignature(text []byte) (jws, error) {
	texts := bytes.SplitN(text, []byte("."), 4)
	if len(texts) != 3 {
		return jws{}, errors.New("is no JWS in compact form: three texts in base64url with two dots between")
	}
	parts := make([][]byte, 3)
	for i, name := range [...]string{"header", "payload", "signature"} {
		var err error
		if parts[i], err = decodeBase64URL(texts[i]); err != nil || len(parts[i]) == 0 {
			return jws{}, fmt.Errorf("the JWS %s is not base64url", name)
		}
	}
	if len(parts[0]) > maxHeader {
		return jws{}, fmt.Errorf("the JWS header is larger than %d bytes", maxHeader)
	}
	var header map[string]json.RawMessage // a struct would take "ALG" for alg
	if err := json.Unmarshal(parts[0], &header); err != nil || header == nil {
		return jws{}, errors.New("the JWS header is no JSON object")
	}
	if _, ok := header["crit"]; ok {
		return jws{}, errors.New("the JWS header has crit, and no such extension is known here")
	}
	hash, err := algorithm(header["alg"])
	if err != nil {
		return jws{}, err
	}
	if chain, ok := header["x5c"]; ok {
		key, err := signer(chain)
		if err != nil {
			return jws{}, err
		}
		signed := text[:len(texts[0])+1+len(texts[1])]
		h := hash.New()
		h.Write(signed)
		if err := rsa.VerifyPKCS1v15(key, hash, h.Sum(nil), parts[2]); err != nil {
			return jws{}, errors.New("the signature does not verify with the certificate of its x5c")
		}
	}
	return jws{payload: parts[1]}, nil
}

// decodeBase64URL is strict: no padding, no line breaks, no stray bits.
func decodeBase64URL(text []byte) ([]byte, error) {
	if bytes.ContainsAny(text, "\r\n") {
		return nil, errors.New("a line break")
	}
	return base64.RawURLEncoding.Strict().AppendDecode(nil, text)
}

// algorithm is the hash of the alg of a header.
func algorithm(raw json.RawMessage) (crypto.Hash, error) {
	var alg string
	if err := json.Unmarshal(raw, &alg); err == nil {
		switch alg {
		case "RS256":
			return crypto.SHA256, nil
		case "RS384":
			return crypto.SHA384, nil
		case "RS512":
			return crypto.SHA512, nil
		}
	}
	return 0, errors.New("the JWS header's alg is none of RS256, RS384 and RS512")
}

// signer is the key of the first certificate of an x5c. Whether anyone trusts it
// is not judged: there is nobody here whom to ask.
func signer(raw json.RawMessage) (*rsa.PublicKey, error) {
	var chain []string
	if err := json.Unmarshal(raw, &chain); err != nil || len(chain) == 0 || len(chain) > maxCertificates {
		return nil, fmt.Errorf("the x5c of the JWS header is no list of 1 to %d certificates", maxCertificates)
	}
	var key *rsa.PublicKey
	for i, text := range chain {
		der, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return nil, fmt.Errorf("x5c[%d] of the JWS header is not base64", i)
		}
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, fmt.Errorf("x5c[%d] of the JWS header is no certificate", i)
		}
		if i > 0 {
			continue
		}
		var ok bool
		if key, ok = cert.PublicKey.(*rsa.PublicKey); !ok || key.N.BitLen() > maxKeyBits {
			return nil, fmt.Errorf("x5c[0] of the JWS header has no RSA key of up to %d bits", maxKeyBits)
		}
	}
	return key, nil
}

// verify judges the bytes of a digest that came, where they are to be signatures.
func (in *intake) verify(ctx context.Context, sha2 string, places []declared) error {
	most := 0
	for _, d := range places {
		if d.signs {
			most = max(most, len(d.statement.Raw))
		}
	}
	if most == 0 {
		return nil
	}
	r, _, err := in.blobs.Open(ctx, sha2)
	if err != nil {
		return fmt.Errorf("lrs: read signature: %w", err)
	}
	defer r.Close() //nolint:errcheck // only read
	limit := base64.RawURLEncoding.EncodedLen(payloadOf(most)) + 2*maxHeader
	text, err := io.ReadAll(io.LimitReader(r, int64(limit)+1))
	if err != nil {
		return fmt.Errorf("lrs: read signature: %w", err)
	}
	var s jws
	if len(text) > limit {
		err = errors.New("the signature is far larger than what it signs")
	} else {
		s, err = parseSignature(text)
	}
	for _, d := range places {
		switch {
		case !d.signs:
		case err != nil:
			return invalid(d.path, err.Error())
		case len(s.payload) > payloadOf(len(d.statement.Raw)):
			return invalid(d.path, "the payload of the signature is far larger than the statement")
		case !xapi.SameSigned(d.statement, s.payload, in.version):
			return invalid(d.path, "the payload of the signature is not this statement as it was before the signature was added")
		}
	}
	return nil
}
