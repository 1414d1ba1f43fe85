package main

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// framedJar is the cookie jar of a browser that keeps cookies of the LMS but,
// while blocked, none of the tool in its frame: Safari does so on loopback http
// when LMS and tool are two sites.
type framedJar struct {
	http.CookieJar
	tool    string
	blocked bool
}

func (j *framedJar) SetCookies(u *url.URL, cookies []*http.Cookie) {
	if u.Host != j.tool || !j.blocked {
		j.CookieJar.SetCookies(u, cookies)
	}
}

func (j *framedJar) Cookies(u *url.URL) []*http.Cookie {
	if u.Host == j.tool && j.blocked {
		return nil
	}
	return j.CookieJar.Cookies(u)
}

func TestABrowserThatKeepsNoCookieInTheFrameGoesOnInANewWindow(t *testing.T) {
	demo := startDemo(t, t.TempDir())
	w := newWalk(t, demo.demoFile, demo.clock)
	tool, err := url.Parse(demo.Tool.URL)
	must(t, err)
	v := w.sam
	jar := &framedJar{CookieJar: v.http.Jar, tool: tool.Host, blocked: true}
	v.http.Jar = jar

	w.untilToken(v)
	w.sendToken(v)
	if v.page.status != http.StatusForbidden && v.page.status != http.StatusUnauthorized && v.page.status != http.StatusBadRequest {
		t.Fatalf("without any cookie the launch was answered with %d:\n%s", v.page.status, v.page.text())
	}
	v.sees("new window")
	link := find(v.page.root, func(n *html.Node) bool {
		return n.Data == "a" && attr(n, "target") == "_blank" && strings.Contains(attr(n, "href"), "/lti/restart")
	})
	if link == nil {
		t.Fatalf("the page offers no new window:\n%s", v.page.body)
	}

	jar.blocked = false // a window of its own: the cookies are first-party there
	v.get(attr(link, "href"))
	w.arrive(v)
	if v.page.find("next-step") == nil {
		t.Errorf("the new window shows no next step:\n%s", v.page.text())
	}
	w.expect("registered", 1)
}

// strictJar drops Secure cookies on http, also on loopback, as Safari does. All
// visitors have it: without the same-site twin none would get beyond a launch.
type strictJar struct{ http.CookieJar }

func (j strictJar) SetCookies(u *url.URL, cookies []*http.Cookie) {
	j.CookieJar.SetCookies(u, slices.DeleteFunc(slices.Clone(cookies), func(c *http.Cookie) bool { return c.Secure && u.Scheme == "http" }))
}

func TestTheVisitorOfTheseTestsDropsSecureCookiesOnHTTP(t *testing.T) {
	v := newVisitor(t)
	u := &url.URL{Scheme: "http", Host: "127.0.0.1:8080", Path: "/"}
	v.http.Jar.SetCookies(u, []*http.Cookie{{Name: "__Host-a", Value: "1", Path: "/", Secure: true}, {Name: "b", Value: "1", Path: "/"}})
	if got := v.http.Jar.Cookies(u); len(got) != 1 || got[0].Name != "b" {
		t.Errorf("the jar sends %v", got)
	}
}
