package main

import (
	"github.com/prometheus/client_golang/prometheus"
)

// messageCount is engine.Counter: what becomes of messages, for Prometheus.
type messageCount struct{ total *prometheus.CounterVec }

func newMessageCount() messageCount {
	return messageCount{prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "cairn_messages_total",
		Help: "Messages by what became of them (sent, dropped, failed, held) and why: the channel, or the reason.",
	}, []string{"outcome", "why"})}
}

func (c messageCount) CountMessage(outcome, why string) { c.total.WithLabelValues(outcome, why).Inc() }
