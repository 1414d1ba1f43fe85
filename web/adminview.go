package web

import "github.com/cairn-lms/cairn/lti"

// copied is a value with a copy button.
type copied struct{ ID, Label, Value string }

// Copied is the view of a value with a copy button; label is a message key.
func (v *view) Copied(id, label, value string) *view { return v.With(copied{id, label, value}) }

// LockedDeployment reports a deployment that an operator has suspended, to others.
func (p platformPage) LockedDeployment(d lti.Deployment) bool {
	return d.LockedTo(p.By)
}

// tenantChoice lets an administrator of several tenants say which one a form is for.
type tenantChoice struct {
	For, Chosen string
	Tenants     []string
}

// ForTenant is the choice of the form of that name.
func (p installPage) ForTenant(form string) tenantChoice {
	return tenantChoice{For: form, Chosen: p.Entered.Tenant, Tenants: p.Tenants}
}

// typedField is a line of the registration form.
type typedField struct{ ID, Label, Hint, Value, Problem string }

// Typed is the line of that name with what was typed and what is wrong with it.
func (p installPage) Typed(name string) typedField {
	f := typedField{ID: name, Label: "admin.install.field." + name}
	switch name {
	case "host":
		f.Value, f.Hint = p.Entered.Host, "admin.install.hint.host"
	case "client_id":
		f.Value = p.Entered.ClientID
	case "deployments":
		f.Value, f.Hint = p.Entered.Deployments, "admin.install.hint.deployments"
	case "issuer":
		f.Value = p.Entered.Issuer
	case "auth_url":
		f.Value = p.Entered.AuthURL
	case "token_url":
		f.Value = p.Entered.TokenURL
	case "jwks_url":
		f.Value = p.Entered.KeyURL
	case "audience":
		f.Value, f.Hint = p.Entered.Audience, "admin.install.hint.audience"
	}
	for _, problem := range p.Form.Problems {
		if problem.Field == name {
			f.Problem = problem.Key
		}
	}
	return f
}
