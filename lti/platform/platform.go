package platform

import (
	"context"
	"errors"
)

type Platform struct{}

func Start(ctx context.Context, o Options) (*Platform, error) { return nil, errors.ErrUnsupported }
func (p *Platform) URL() string                               { return "" }
func (p *Platform) Close(ctx context.Context) error           { return nil }
func (p *Platform) SetXAPI(cfg XAPIConfig)                    {}
func (p *Platform) SetQuirks(q Quirks)                        {}
func (p *Platform) SetHostile(f *Forgery)                     {}
func (p *Platform) Forge(l Launch, f Forgery) (string, error) { return "", nil }
func (p *Platform) ForgeToken(header, claims map[string]any, key ForgeryKey) (string, error) {
	return "", nil
}
func (p *Platform) RegisterTool(ctx context.Context, registrationURL string) (Tool, error) {
	return Tool{}, nil
}
func (p *Platform) AddTool(ctx context.Context, t Tool) (Tool, error) { return t, nil }
func (p *Platform) Tools() []Tool                                     { return nil }
func (p *Platform) AddResourceLink(ctx context.Context, l ResourceLink) (ResourceLink, error) {
	return l, nil
}
func (p *Platform) ResourceLinks() []ResourceLink                           { return nil }
func (p *Platform) LineItems() []LineItem                                   { return nil }
func (p *Platform) AddUser(u User) error                                    { return nil }
func (p *Platform) Users() []User                                           { return nil }
func (p *Platform) Grade(userID, lineItemID string) (Score, bool)           { return Score{}, false }
func (p *Platform) Scores() []Score                                         { return nil }
func (p *Platform) CompleteCourse(ctx context.Context, userID string) error { return nil }
