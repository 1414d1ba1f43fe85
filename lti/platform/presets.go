package platform

import "time"

// CanvasQuirks is Canvas: one issuer for all its cloud, the deployment under a
// name of its own, the storage frame, strict services that count attempts.
// RateLimited is left to the test.
func CanvasQuirks() Quirks {
	return Quirks{
		ProductFamily: "canvas", CanvasVariables: true, Issuer: "https://canvas.instructure.com", CanvasDeploymentName: true, StorageTarget: "post_message_forwarding",
		TokenLifetime: time.Hour, LenientAccept: true, NeedUserAgent: true, UnprocessableUsers: true, StaleBadRequest: true, CountAttempts: true,
	}
}

// OpenEdXQuirks is Open edX as its xblock-lti-consumer was seen to behave (see
// TestOpenEdXLaunchesTheTool in package lti): keys without alg and use, logins by
// redirect, tokens of an hour, deep linking requests that carry a resource link.
func OpenEdXQuirks() Quirks {
	return Quirks{
		ProductFamily: "openedx", JWKSWithoutAlg: true, KeyOps: true, LoginByGET: true, TokenLifetime: time.Hour,
		LenientAccept: true, ResourceLinkInDeepLinking: true,
	}
}

// BrightspaceQuirks is Brightspace: client assertions for an audience that is not
// the token URL and 422 for who has no grade. That a kid is required is no switch:
// Moodle requires it too. RateLimited is left to the test.
func BrightspaceQuirks() Quirks {
	return Quirks{
		ProductFamily: "desire2learn", TokenAudience: "https://api.brightspace.com/auth/token", RetryAfter: time.Second,
		LenientAccept: true, UnprocessableUsers: true, TokenLifetime: time.Hour,
	}
}

// BlackboardQuirks is Blackboard: one issuer for everybody, and deep linking
// responses whose sub is the client id.
func BlackboardQuirks() Quirks {
	return Quirks{
		ProductFamily: "BlackboardLearn", Issuer: "https://blackboard.com", SubjectIsClient: true, LenientAccept: true, TokenLifetime: time.Hour,
	}
}

// SakaiQuirks is Sakai: it keeps values for tools in the page around the iframe.
func SakaiQuirks() Quirks {
	return Quirks{ProductFamily: "sakai", StorageTarget: "_parent", LenientAccept: true}
}

// iss is the issuer that the quirks give the platform.
func (p *Platform) iss() string {
	if iss := p.Quirks().Issuer; iss != "" {
		return iss
	}
	return p.issuer
}

// deploymentOf is the deployment that a launch of the link is under.
func (p *Platform) deploymentOf(t Tool, linkID string) (id string) {
	id = t.DeploymentID
	p.view(func(w *world) {
		if l, ok := w.link(linkID); ok && l.DeploymentID != "" {
			id = l.DeploymentID
		}
	})
	return id
}
