package platform

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
)

const claimMigration = ltiClaim + "lti1p1"

// Migration is what the platform remembers of the tool's LTI 1.1 days; see the
// LTI 1.3 Migration Guide. Empty fields are left out.
type Migration struct {
	Key, Secret    string            // the OAuth consumer; without a Secret the claim is not signed
	UserIDs        map[string]string // 1.3 user ID → 1.1 user ID
	ContextID      string
	ResourceLinkID string
}

// claim is the migration claim of a token with these claims.
func (m Migration) claim(c map[string]any, clientID string) map[string]any {
	out := map[string]any{"oauth_consumer_key": m.Key}
	if m.Secret != "" {
		base := strings.Join([]string{m.Key, fmt.Sprint(c[claimDeployment]), fmt.Sprint(c["iss"]), clientID, fmt.Sprint(c["exp"]), fmt.Sprint(c["nonce"])}, "&")
		mac := hmac.New(sha256.New, []byte(m.Secret))
		mac.Write([]byte(base))
		out["oauth_consumer_key_sign"] = base64.StdEncoding.EncodeToString(mac.Sum(nil))
	}
	sub, _ := c["sub"].(string)
	for name, value := range map[string]string{"user_id": m.UserIDs[sub], "context_id": m.ContextID, "resource_link_id": m.ResourceLinkID} {
		if value != "" {
			out[name] = value
		}
	}
	return out
}
