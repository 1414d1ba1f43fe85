package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/urfave/cli/v3"
)

// healthcheck is for container health checks: the image has no shell and no curl.
func (p program) healthcheck() *cli.Command {
	var address string
	return &cli.Command{
		Name:  "healthcheck",
		Usage: "end with 0 if a running Cairn on this machine is ready, else with 1",
		Flags: []cli.Flag{
			p.flags.text("addr", "127.0.0.1:8080", "address that serve listens on", &p.cfg.addr),
			&cli.StringFlag{Name: "url", Usage: "page to ask (default: http://<addr>/readyz)", Destination: &address},
		},
		Action: func(ctx context.Context, _ *cli.Command) error {
			if address == "" {
				address = urlOf(p.cfg.addr) + "/readyz"
			}
			ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
			defer cancel()
			request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
			if err != nil {
				return fmt.Errorf("healthcheck: %w", err)
			}
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				return fmt.Errorf("healthcheck: %w", err)
			}
			defer response.Body.Close()
			if response.StatusCode != http.StatusOK {
				return fmt.Errorf("healthcheck: %s answered %s", address, response.Status)
			}
			_, err = fmt.Fprintln(p.stdout, "ready")
			return err
		},
	}
}
