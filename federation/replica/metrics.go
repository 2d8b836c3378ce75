package replica

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	"iconet.example/federation"
)

type metrics struct {
	rejects *prometheus.CounterVec
	pages   *prometheus.CounterVec
	records prometheus.Counter
	grants  prometheus.Counter
}

func newMetrics(reg prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		rejects: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "iconet_reject_total", Help: "Refused messages, entries and documents by reason."}, []string{"reason"}),
		pages:   prometheus.NewCounterVec(prometheus.CounterOpts{Name: "iconet_pages_total", Help: "Pages of logs by direction."}, []string{"direction"}),
		records: prometheus.NewCounter(prometheus.CounterOpts{Name: "iconet_records_received_total", Help: "Records received and kept."}),
		grants:  prometheus.NewCounter(prometheus.CounterOpts{Name: "iconet_grants_received_total", Help: "Grants received and applied."}),
	}
	for _, c := range []prometheus.Collector{m.rejects, m.pages, m.records, m.grants} {
		if err := reg.Register(c); err != nil {
			return nil, fmt.Errorf("registering metrics: %w", err)
		}
	}
	for _, reason := range federation.Reasons() {
		m.rejects.WithLabelValues(string(reason))
	}
	return m, nil
}

func (m *metrics) rejected(reason federation.Reason) { m.rejects.WithLabelValues(string(reason)).Inc() }

// Rejected counts an item that the keeper refused.
func (r *Replica) Rejected(reason federation.Reason) { r.metrics.rejected(reason) }
