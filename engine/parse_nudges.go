package engine

import (
	"fmt"
	"slices"
)

var channelNames = []string{ChannelLMS, ChannelEmail, ChannelChat}

var nudgeNames = []string{PurposeStepOpen, PurposeStepDue, PurposeStepLate, PurposeAskForHelp}

func (r *reader) nudges(o object) Nudges {
	d := defaultNudges()
	n := o.keys["nudges"]
	if n == nil {
		return d
	}
	no := r.mapping(n, "nudges", "nudges")
	if no.has("channels") {
		d.Channels = nil
		for _, it := range no.list("channels") {
			name := r.scalar(it.n, it.path)
			if !slices.Contains(channelNames, name) {
				r.refuseNew(it.n, it.path, fmt.Sprintf("no channel %q", name), suggestOrList(name, channelNames))
			}
			d.Channels = append(d.Channels, name)
		}
	}
	if c := no.keys["cap"]; c != nil {
		co := r.mapping(c, "nudges.cap", "cap")
		if co.has("day") {
			d.Cap.Day = co.integer("day", 1, 1000)
		}
		if co.has("week") {
			d.Cap.Week = co.integer("week", 1, 1000)
		}
	}
	if no.has("bundle") {
		d.Bundle = no.duration("bundle")
	}
	if p := no.keys["policies"]; p != nil {
		d.Policies = map[string][]Nudge{}
		if p.kind != mapTree {
			r.refuse(p, "nudges.policies", "expected a mapping, found "+p.kind.String(), "write standard: [{at: open, to: doer, text: step_open}]")
		}
		for _, f := range p.fields {
			path := "nudges.policies." + f.key
			if !idShape.MatchString(f.key) || f.key == "none" || f.key == ArmHoldout {
				r.add(f.line, f.col, path, fmt.Sprintf("%q cannot name a policy", f.key), "use letters, digits, - and _; none and holdout have a meaning of their own", false)
			}
			d.Policies[f.key] = r.policy(f.value, path)
		}
	}
	if no.has("default") {
		d.Default = no.str("default")
	}
	if _, ok := d.Policies[d.Default]; !ok && d.Default != "none" {
		no.refuse("default", fmt.Sprintf("no policy %q", d.Default), suggestOrList(d.Default, policyNames(d.Policies)))
	}
	if t := no.keys["test"]; t != nil {
		to := r.mapping(t, "nudges.test", "nudge test")
		d.Test = &NudgeTest{Holdout: to.integer("holdout", 0, 100), Arms: to.strs("arms")}
		for _, it := range to.list("arms") {
			if _, ok := d.Policies[it.n.text]; !ok {
				r.refuse(it.n, it.path, fmt.Sprintf("no policy %q", it.n.text), suggestOrList(it.n.text, policyNames(d.Policies)))
			}
		}
	}
	return d
}

func (r *reader) policy(n *tree, path string) []Nudge {
	if n.kind != seqTree {
		r.refuse(n, path, "expected a list, found "+n.kind.String(), "write - {at: open, to: doer, text: step_open}")
		return nil
	}
	if len(n.items) > 50 {
		r.refuse(n, path, fmt.Sprintf("a policy of %d nudges", len(n.items)), "keep to at most 50")
		return nil
	}
	var out []Nudge
	for i, it := range n.items {
		o := r.mapping(it, fmt.Sprintf("%s[%d]", path, i), "nudge")
		nudge := Nudge{To: o.oneOf("to", wordsOf(toIs)...), Escalate: o.yes("escalate")}
		if at := o.time("at"); at != nil {
			nudge.At = *at
			if at.Anchor != anchorOpen && at.Anchor != anchorDue {
				o.refuse("at", fmt.Sprintf("a nudge cannot be at %q", at.Anchor), "count from open or due")
			}
		}
		if t := o.keys["text"]; t != nil {
			if t.kind == scalarTree {
				nudge.Name = o.oneOf("text", nudgeNames...)
			} else {
				nudge.Text = o.text("text")
			}
		}
		if nudge.Escalate && nudge.To == "doer" {
			r.refuseNew(o.keys["escalate"], o.at("escalate"), "an escalation to the doer", "write `to: manager` or `to: coach`, or leave escalate out")
		}
		out = append(out, nudge)
	}
	return out
}

func policyNames(policies map[string][]Nudge) []string {
	names := []string{"none"}
	for k := range policies {
		names = append(names, k)
	}
	return names
}
