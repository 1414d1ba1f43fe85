package lti

import (
	"context"
	"encoding/base64"
	"slices"
	"strings"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jws"
)

// idToken is a compact JWS taken apart, nothing verified.
type idToken struct {
	compact  string
	alg, kid string
	header   object
	claims   object
}

// splitToken reads header and payload of a compact JWS.
func splitToken(compact string) (idToken, *Rejection) {
	parts := strings.Split(compact, ".")
	if len(parts) != 3 {
		return idToken{}, reject("token_malformed", "the id_token is not a compact JWS of three parts")
	}
	tok := idToken{compact: compact}
	for i, into := range []*object{&tok.header, &tok.claims} {
		data, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil {
			return idToken{}, reject("token_malformed", "part %d of the id_token is not base64url", i+1)
		}
		if *into, err = parseObject(data); err != nil {
			return idToken{}, reject("token_malformed", "part %d of the id_token is not a JSON object", i+1)
		}
	}
	var err error
	if tok.alg, _, err = tok.header.text("alg"); err != nil {
		return idToken{}, reject("token_malformed", "the header's alg is not a string")
	}
	if tok.kid, _, err = tok.header.text("kid"); err != nil {
		return idToken{}, reject("token_malformed", "the header's kid is not a string")
	}
	return tok, nil
}

// algorithms that a registration may allow; never none, never HS*.
func knownAlg(alg string) bool {
	return slices.Contains([]string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"}, alg)
}

// checkHeader decides everything about the header before any key is looked up:
// the algorithm is ours to choose, and keys come from the registration only.
func checkHeader(tok idToken, allowed []string) *Rejection {
	if len(allowed) == 0 {
		allowed = []string{"RS256"}
	}
	if strings.EqualFold(tok.alg, "none") || tok.alg == "" {
		return reject("alg_none", "the token is not signed")
	}
	if !knownAlg(tok.alg) || !slices.Contains(allowed, tok.alg) {
		return reject("alg_not_allowed", "the token is signed with %s; allowed is %s", printable(tok.alg, 16), strings.Join(allowed, ", ")).vs(strings.Join(allowed, ", "), tok.alg)
	}
	for _, name := range []string{"jku", "jwk", "x5u", "x5c"} {
		if _, ok := tok.header[name]; ok {
			return reject("embedded_key", "the token's header carries %s", name)
		}
	}
	if _, ok := tok.header["crit"]; ok {
		return reject("critical_header", "the token's header demands extensions")
	}
	if tok.kid == "" {
		return reject("kid_missing", "the token's header has no kid")
	}
	return nil
}

// verify checks the signature with the platform's key that the header names.
func (t *Tool) verify(ctx context.Context, reg Registration, tok idToken) *Rejection {
	if rej := checkHeader(tok, reg.Algorithms); rej != nil {
		return rej
	}
	candidates, rej := t.keySets.find(ctx, reg.JWKSURL, tok.kid)
	if rej != nil {
		return rej
	}
	var last *Rejection
	for _, k := range candidates {
		key, rej := k.forAlg(tok.alg)
		if rej != nil {
			last = rej
			continue
		}
		if _, err := jws.Verify([]byte(tok.compact), jws.WithKey(jwa.SignatureAlgorithm(tok.alg), key)); err == nil {
			return nil
		}
		last = reject("bad_signature", "the signature does not fit the platform's key %q", printable(tok.kid, 64))
	}
	return last
}

// checkSecurityClaims is rules 3, 4, 5, 7 and 8 of the validation; it answers iat.
func checkSecurityClaims(c object, clientID string, now time.Time, skew time.Duration) (time.Time, *Rejection) {
	if rej := checkAudience(c, clientID); rej != nil {
		return time.Time{}, rej
	}
	exp, ok, err := c.instant("exp")
	if err != nil {
		return time.Time{}, reject("bad_time", "%s", err)
	}
	if !ok {
		return time.Time{}, reject("exp_missing", "the token has no exp")
	}
	iat, ok, err := c.instant("iat")
	if err != nil {
		return time.Time{}, reject("bad_time", "%s", err)
	}
	if !ok {
		return time.Time{}, reject("iat_missing", "the token has no iat")
	}
	nbf, ok, err := c.instant("nbf")
	if err != nil {
		return time.Time{}, reject("bad_time", "%s", err)
	}
	switch {
	case !now.Before(exp.Add(skew)):
		return iat, reject("token_expired", "the token expired %s ago; are both clocks right?", now.Sub(exp).Round(time.Second)).vs("exp after "+stamp(now.Add(-skew)), stamp(exp))
	case iat.After(now.Add(skew)):
		return iat, reject("issued_in_future", "the token was issued %s in our future; are both clocks right?", iat.Sub(now).Round(time.Second)).vs("iat before "+stamp(now.Add(skew)), stamp(iat))
	case now.Sub(iat) > tokenAge+skew:
		return iat, reject("issued_too_long_ago", "the token was issued %s ago", now.Sub(iat).Round(time.Second)).vs("iat after "+stamp(now.Add(-tokenAge-skew)), stamp(iat))
	case ok && nbf.After(now.Add(skew)):
		return iat, reject("not_yet_valid", "the token is valid in %s only", nbf.Sub(now).Round(time.Second))
	}
	return iat, nil
}

func stamp(t time.Time) string { return t.Format(time.RFC3339) }

// checkAudience: the token is for us, for nobody that we do not know, and if it
// names who it was issued to, that is us.
func checkAudience(c object, clientID string) *Rejection {
	if !c.has("aud") {
		return reject("audience_missing", "the token has no aud")
	}
	aud, _, err := c.texts("aud")
	if one, _, errOne := c.text("aud"); errOne == nil {
		aud, err = []string{one}, nil
	}
	if err != nil {
		return reject("bad_claim_type", "aud is neither a string nor an array of strings")
	}
	azp, hasAZP, err := c.text("azp")
	switch {
	case err != nil:
		return badType(err)
	case !slices.Contains(aud, clientID):
		return reject("wrong_audience", "the token is not for our client id %q", clientID).vs(clientID, strings.Join(aud, ", "))
	case hasAZP && azp != clientID:
		return reject("azp_wrong", "the token was issued to another party (azp)").vs(clientID, azp)
	case len(aud) > 1 && !hasAZP:
		return reject("azp_missing", "the token has several audiences and no azp").vs(clientID, strings.Join(aud, ", "))
	case slices.ContainsFunc(aud, func(a string) bool { return a != clientID }):
		return reject("untrusted_audience", "the token is for somebody unknown as well").vs(clientID, strings.Join(aud, ", "))
	}
	return nil
}
