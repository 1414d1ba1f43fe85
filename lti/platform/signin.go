package platform

import (
	"net/http"
	"net/url"
	"strings"
)

// cookieName is distinct because cookies do not know ports: the tool on the
// same host sees and sends its own.
const cookieName = "demolms"

// signedIn is the person of the request's session, and the session's key.
func (p *Platform) signedIn(r *http.Request) (u User, key string, ok bool) {
	for _, c := range r.CookiesNamed(cookieName) {
		key = hashOf(c.Value)
		p.view(func(w *world) {
			var s session
			if s, ok = w.Sessions[key]; ok {
				u, ok = w.user(s.UserID)
			}
		})
		if ok {
			return u, key, true
		}
	}
	return User{}, "", false
}

// signInFirst sends a browser to sign in and back here.
func (p *Platform) signInFirst(w http.ResponseWriter, r *http.Request) {
	back := "/"
	if r.Method == http.MethodGet {
		back = r.URL.RequestURI()
	}
	http.Redirect(w, r, "/login/index.php?"+url.Values{"back": {back}}.Encode(), http.StatusSeeOther)
}

// teacher is the person of the request's session, and its key, if they may add
// activities. If not, the answer is given: sign in first, or a refusal.
func (p *Platform) teacher(w http.ResponseWriter, r *http.Request) (u User, key string, ok bool) {
	if u, key, ok = p.signedIn(r); !ok {
		p.signInFirst(w, r)
		return u, key, false
	}
	if !u.teaches() {
		p.errorPage(w, r, http.StatusForbidden, "Only teachers add activities")
		return u, key, false
	}
	return u, key, true
}

// face is a person on the sign-in page.
type face struct {
	User
	Initials string
	What     string
}

// signInPage shows the first people as buttons and the others in a list.
func (p *Platform) signInPage(w http.ResponseWriter, r *http.Request) {
	const shown = 5
	var faces []face
	for _, u := range p.Users() {
		faces = append(faces, face{User: u, Initials: initials(u.Name), What: whatIs(u.Role)})
	}
	p.render(w, r, http.StatusOK, "signin", map[string]any{
		"Title": "Sign in", "Faces": faces[:min(shown, len(faces))], "Others": faces[min(shown, len(faces)):],
		"Back": localPath(r.URL.Query().Get("back")),
	})
}

func initials(name string) string {
	var b strings.Builder
	for i, word := range strings.Fields(name) {
		if i < 2 {
			b.WriteString(strings.ToUpper(string([]rune(word)[:1])))
		}
	}
	return b.String()
}

func whatIs(r Role) string {
	switch r {
	case RoleManager:
		return "Manager"
	case RoleTeacher:
		return "Teacher"
	case RoleNonEditingTeacher:
		return "Non-editing teacher"
	case RoleAdmin:
		return "Administrator"
	default:
		return "Learner"
	}
}

// signIn starts a new session; nobody needs a password on a demo campus.
func (p *Platform) signIn(w http.ResponseWriter, r *http.Request) {
	secret := randomHex(32)
	found := false
	err := p.change(func(wd *world) error {
		var u User
		if u, found = wd.user(r.PostFormValue("user")); found {
			for _, c := range r.CookiesNamed(cookieName) {
				delete(wd.Sessions, hashOf(c.Value))
			}
			wd.startSession(hashOf(secret), session{UserID: u.ID, At: p.time()})
		}
		return nil
	})
	if err != nil {
		p.fail(w, r, err)
		return
	}
	if !found {
		p.errorPage(w, r, http.StatusNotFound, "There is no such person here")
		return
	}
	p.setCookie(w, secret, 0)
	http.Redirect(w, r, localPath(r.PostFormValue("back")), http.StatusSeeOther)
}

func (p *Platform) signOut(w http.ResponseWriter, r *http.Request) {
	err := p.change(func(wd *world) error {
		for _, c := range r.CookiesNamed(cookieName) {
			delete(wd.Sessions, hashOf(c.Value))
		}
		return nil
	})
	if err != nil {
		p.fail(w, r, err)
		return
	}
	p.setCookie(w, "", -1)
	http.Redirect(w, r, "/login/index.php", http.StatusSeeOther)
}

// setCookie is SameSite=Lax, as Moodle's: where it does not travel, auth.php
// posts to itself once.
func (p *Platform) setCookie(w http.ResponseWriter, value string, maxAge int) {
	http.SetCookie(w, &http.Cookie{
		Name: cookieName, Value: value, Path: "/", MaxAge: maxAge, HttpOnly: true,
		SameSite: http.SameSiteLaxMode, Secure: strings.HasPrefix(p.issuer, "https:"),
	})
}
