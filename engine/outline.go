package engine

import (
	"fmt"
	"strings"
)

// Outline is the plan of a workflow as a person reads it: phases, steps, who, when, what it takes to be done.
func Outline(w *Workflow, locale string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s, version %d)\n%s\n", w.Title.In(locale), w.ID, w.Version, w.Goal.Outcome.In(locale))
	for _, v := range w.Behaviours {
		fmt.Fprintf(&b, "  behaviour %s: %s; target: %s\n", v.ID, v.Text.In(locale), v.Scale[v.Target-1].In(locale))
	}
	for _, p := range w.Phases {
		fmt.Fprintf(&b, "\n%s", strings.ToUpper(p.Phase))
		if t := p.Title.In(locale); t != "" {
			b.WriteString(": " + t)
		}
		b.WriteString("\n")
		for _, s := range p.Steps {
			outlineStep(&b, s, locale)
		}
	}
	if len(w.Prompts) > 0 {
		b.WriteString("\nPROMPTS\n")
		for _, p := range w.Prompts {
			fmt.Fprintf(&b, "  on %s show %s\n", p.Event, p.Show)
		}
	}
	return b.String()
}

func outlineStep(b *strings.Builder, s *Step, locale string) {
	fmt.Fprintf(b, "  %-18s %s\n", s.ID, s.Title.In(locale))
	parts := []string{string(s.Kind) + " by " + string(s.By)}
	if s.With != "" {
		parts[0] += " with " + s.With
	}
	parts = append(parts, "opens "+s.Opens.Words())
	if waits := s.waitsFor(); len(waits) > 0 {
		parts = append(parts, fmt.Sprintf("once %s is settled", strings.Join(ids(waits), ", ")))
	}
	if s.If != nil {
		parts = append(parts, "if "+s.If.Source)
	}
	if s.At != nil {
		parts = append(parts, "begins "+s.At.Words())
	}
	if s.Due != nil {
		parts = append(parts, "due "+s.Due.Words())
	}
	if s.Minutes > 0 {
		parts = append(parts, fmt.Sprintf("%d minutes", s.Minutes))
	}
	parts = append(parts, "done: "+shown(ruleOut(s.Done)))
	if s.Review != nil {
		parts = append(parts, "approved by "+string(s.Review.By))
	}
	if s.Repeat != nil {
		parts = append(parts, fmt.Sprintf("again until %s, %d times at most", s.Repeat.Until.Source, s.Repeat.Max))
	}
	if s.Optional {
		parts = append(parts, "optional")
	}
	fmt.Fprintf(b, "  %-18s   %s\n", "", strings.Join(parts, "; "))
}

func ids[T ~string](all []T) []string {
	out := make([]string, 0, len(all))
	for _, id := range all {
		out = append(out, string(id))
	}
	return out
}
