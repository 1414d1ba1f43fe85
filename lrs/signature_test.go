package lrs

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"strings"
	"testing"
)

// sign is the JWS, by RS256, of the payload under the header.
func sign(t testing.TB, key *rsa.PrivateKey, header map[string]any, payload string) string {
	t.Helper()
	head, err := json.Marshal(header)
	if err != nil {
		t.Fatal(err)
	}
	text := base64.RawURLEncoding.EncodeToString(head) + "." + base64.RawURLEncoding.EncodeToString([]byte(payload))
	sum := sha256.Sum256([]byte(text))
	sig, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(sig)
}

// selfSigned is a certificate as x5c has it.
func selfSigned(t testing.TB, public, private any) string {
	t.Helper()
	c := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, public, private)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(der)
}

func rsaKey(t testing.TB) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestACertificateMustHaveAnRSAKeyOfReasonableSize(t *testing.T) {
	key := rsaKey(t)
	good := selfSigned(t, &key.PublicKey, key)
	if s, err := parseSignature([]byte(sign(t, key, map[string]any{"alg": "RS256", "x5c": []string{good}}, "{}"))); err != nil || string(s.payload) != "{}" {
		t.Fatalf("%q, %v", s.payload, err)
	}
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	huge := rsa.PublicKey{N: new(big.Int).SetBit(big.NewInt(1), 9000, 1), E: 65537}
	for name, cert := range map[string]string{"elliptic": selfSigned(t, &curve.PublicKey, curve), "huge": selfSigned(t, &huge, key)} {
		_, err := parseSignature([]byte(sign(t, key, map[string]any{"alg": "RS256", "x5c": []string{cert}}, "{}")))
		if err == nil || !strings.Contains(err.Error(), "x5c[0]") {
			t.Errorf("%s: %v", name, err)
		}
	}
	many := make([]string, maxCertificates+1)
	for i := range many {
		many[i] = good
	}
	if _, err := parseSignature([]byte(sign(t, key, map[string]any{"alg": "RS256", "x5c": many}, "{}"))); err == nil || !strings.Contains(err.Error(), "x5c") {
		t.Errorf("%d certificates: %v", len(many), err)
	}
}

func TestBase64URLOfASignatureIsStrict(t *testing.T) {
	good := sign(t, rsaKey(t), map[string]any{"alg": "RS256"}, "{}")
	if _, err := parseSignature([]byte(good)); err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(good, ".")
	for _, broken := range []string{
		good + "=", good + "\n", "\r\n" + good, parts[0] + "." + parts[1] + "=." + parts[2],
		strings.Join(parts, ".."), " " + good, parts[0] + "\n." + parts[1] + "." + parts[2], parts[0] + ".e31." + parts[2],
	} {
		if _, err := parseSignature([]byte(broken)); err == nil {
			t.Errorf("%q is taken", broken)
		}
	}
	dots := []byte(strings.Repeat(".", 1<<20))
	if n := testing.AllocsPerRun(1, func() { _, _ = parseSignature(dots) }); n > 20 {
		t.Errorf("a MiB of dots costs %v allocations", n)
	}
}

// Whatever comes as a signature, what is accepted has a payload that its own text
// says, and a certificate in it did sign it.
func FuzzParseSignature(f *testing.F) {
	key := rsaKey(f)
	cert := selfSigned(f, &key.PublicKey, key)
	f.Add([]byte(sign(f, key, map[string]any{"alg": "RS256"}, `{"id":"x"}`)))
	f.Add([]byte(sign(f, key, map[string]any{"alg": "RS256", "x5c": []string{cert}}, `{}`)))
	f.Add([]byte(sign(f, key, map[string]any{"alg": "RS384", "x5c": []string{}}, `{}`)))
	f.Add([]byte("e30.e30.e30"))
	f.Add([]byte("..."))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := parseSignature(text)
		if err != nil {
			if len(err.Error()) > 200 || strings.ContainsAny(err.Error(), "\r\n") {
				t.Fatalf("the error is %q", err)
			}
			return
		}
		parts := strings.Split(string(text), ".")
		if len(parts) != 3 || base64.RawURLEncoding.EncodeToString(s.payload) != parts[1] {
			t.Fatalf("%q has the payload %q", text, s.payload)
		}
		header, err := base64.RawURLEncoding.DecodeString(parts[0])
		var h map[string]any
		if err != nil || json.Unmarshal(header, &h) != nil || !strings.HasPrefix(h["alg"].(string), "RS") {
			t.Fatalf("the header %q is taken", header)
		}
	})
}
