// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"needletail/objstore/engine"
)

// engineCollector shows the engine's figures to Prometheus.
type engineCollector struct{ store *engine.Engine }

// engineFigure is one line of the table of engine metrics.
type engineFigure struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func(*engine.Metrics) int64
}

func figure(kind prometheus.ValueType, name, help string, value func(*engine.Metrics) int64) engineFigure {
	return engineFigure{prometheus.NewDesc("needletail_"+name, help, nil, nil), kind, value}
}

const (
	counter = prometheus.CounterValue
	gauge   = prometheus.GaugeValue
)

var engineFigures = []engineFigure{
	figure(counter, "store_puts_total", "Objects stored.", func(m *engine.Metrics) int64 { return m.Puts }),
	figure(counter, "store_put_bytes_total", "Bytes of bodies stored.", func(m *engine.Metrics) int64 { return m.PutBytes }),
	figure(counter, "store_inline_puts_total", "Objects stored in the index.", func(m *engine.Metrics) int64 { return m.InlinePuts }),
	figure(counter, "store_file_puts_total", "Objects stored as data files.", func(m *engine.Metrics) int64 { return m.FilePuts }),
	figure(counter, "store_gets_total", "Objects opened.", func(m *engine.Metrics) int64 { return m.Gets }),
	figure(counter, "store_deletes_total", "Objects deleted.", func(m *engine.Metrics) int64 { return m.Deletes }),
	figure(counter, "store_listings_total", "Pages listed.", func(m *engine.Metrics) int64 { return m.Listings }),
	figure(counter, "store_expired_total", "Expired objects removed.", func(m *engine.Metrics) int64 { return m.Expired }),
	figure(counter, "store_gc_removed_total", "Data files removed after their object was.", func(m *engine.Metrics) int64 { return m.GCRemoved }),
	figure(counter, "store_dark_found_total", "Data files that no row names, moved to quarantine.", func(m *engine.Metrics) int64 { return m.DarkFound }),
	figure(counter, "store_dark_removed_total", "Of those in quarantine, removed for their age.", func(m *engine.Metrics) int64 { return m.DarkRemoved }),
	figure(gauge, "store_dark_files", "Data files in quarantine that no row names.", func(m *engine.Metrics) int64 { return m.DarkFiles }),
	figure(gauge, "store_dark_bytes", "Bytes of them.", func(m *engine.Metrics) int64 { return m.DarkBytes }),
	figure(counter, "store_corrupt_bodies_total", "Bodies found damaged.", func(m *engine.Metrics) int64 { return m.CorruptBodies }),
	figure(counter, "store_short_puts_total", "Objects stored with a slot missing or on a handoff.", func(m *engine.Metrics) int64 { return m.ShortPuts }),
	figure(counter, "store_damaged_slots_total", "Slots that readers found damaged or missing.", func(m *engine.Metrics) int64 { return m.DamagedSlots }),
	figure(counter, "store_quarantined_slots_total", "Damaged files that were moved aside.", func(m *engine.Metrics) int64 { return m.QuarantinedSlots }),
	figure(counter, "heal_slots_total", "Slots that were built anew or moved.", func(m *engine.Metrics) int64 { return m.HealedSlots }),
	figure(counter, "heal_bytes_total", "Bytes of them.", func(m *engine.Metrics) int64 { return m.HealedBytes }),
	figure(counter, "heal_errors_total", "Bodies that could not be healed when that was tried.", func(m *engine.Metrics) int64 { return m.HealErrors }),
	figure(gauge, "disk_total_bytes", "Size of the data folder's file system.", func(m *engine.Metrics) int64 { return m.DiskTotalBytes }),
	figure(gauge, "disk_free_bytes", "Free bytes of the data folder's file system.", func(m *engine.Metrics) int64 { return m.DiskFreeBytes }),
	figure(gauge, "disk_reserve_bytes", "Bytes of the data folder's file system that uploads leave free.", func(m *engine.Metrics) int64 { return m.DiskReserveBytes }),
	figure(gauge, "disk_sealed", "1 if a failed write stopped all writes.", func(m *engine.Metrics) int64 { return boolFigure(m.Sealed) }),
	figure(gauge, "index_disk_bytes", "Size of the index.", func(m *engine.Metrics) int64 { return m.IndexDiskBytes }),
	figure(gauge, "index_cache_bytes", "Size of the index's block cache.", func(m *engine.Metrics) int64 { return m.IndexCacheBytes }),
	figure(counter, "index_cache_hits_total", "Blocks found in the cache.", func(m *engine.Metrics) int64 { return m.IndexCacheHits }),
	figure(counter, "index_cache_misses_total", "Blocks not found in the cache.", func(m *engine.Metrics) int64 { return m.IndexCacheMisses }),
	figure(gauge, "index_read_amplification", "Levels that a lookup may visit.", func(m *engine.Metrics) int64 { return m.IndexReadAmplification }),
	figure(gauge, "index_compaction_debt_bytes", "Bytes that compactions have still to rewrite.", func(m *engine.Metrics) int64 { return m.IndexCompactionDebtBytes }),
	figure(gauge, "index_log_dropped_bytes", "Bytes at the end of the index's logs that could not be read at the start.", func(m *engine.Metrics) int64 { return m.IndexDroppedBytes }),
	figure(counter, "index_corruptions_total", "Damage of the index that was met in the background.", func(m *engine.Metrics) int64 { return m.IndexCorruptions }),
	figure(counter, "index_written_bytes_total", "Bytes written to the index, its log included.", func(m *engine.Metrics) int64 { return m.IndexWriteBytes }),
}

var (
	commitSeconds  = prometheus.NewDesc("needletail_index_commit_seconds", "Time of a synced batch of the index.", nil, nil)
	publishSeconds = prometheus.NewDesc("needletail_disk_publish_seconds", "Time of syncing and naming a data file.", nil, nil)
)

func boolFigure(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

func newEngineCollector(store *engine.Engine) prometheus.Collector { return engineCollector{store} }

// Describe names the figures.
func (c engineCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, f := range engineFigures {
		ch <- f.desc
	}
	ch <- commitSeconds
	ch <- publishSeconds
	for _, f := range progressFigures {
		ch <- f.desc
	}
	for _, f := range copyFigures {
		ch <- f.desc
	}
	for _, f := range deviceFigures {
		ch <- f.desc
	}
}

// Collect reads them once.
func (c engineCollector) Collect(ch chan<- prometheus.Metric) {
	m := c.store.Metrics()
	for _, f := range engineFigures {
		ch <- prometheus.MustNewConstMetric(f.desc, f.kind, float64(f.value(&m)))
	}
	ch <- histogram(commitSeconds, m.Commits)
	ch <- histogram(publishSeconds, m.Publishes)
	s := c.store.Status()
	for _, f := range progressFigures {
		ch <- prometheus.MustNewConstMetric(f.desc, f.kind, f.value(&s))
	}
	for _, f := range copyFigures {
		ch <- prometheus.MustNewConstMetric(f.desc, prometheus.GaugeValue, f.value(&s.Index), "index")
		ch <- prometheus.MustNewConstMetric(f.desc, prometheus.GaugeValue, f.value(&s.Identity), "identity")
	}
	for _, d := range s.Devices {
		for _, f := range deviceFigures {
			ch <- prometheus.MustNewConstMetric(f.desc, f.kind, f.value(&d), strconv.Itoa(d.Index), d.Path)
		}
	}
}

func histogram(desc *prometheus.Desc, l engine.Latency) prometheus.Metric {
	buckets := map[float64]uint64{}
	for i, bound := range engine.LatencyBounds {
		buckets[bound.Seconds()] = uint64(l.Buckets[i])
	}
	return prometheus.MustNewConstHistogram(desc, uint64(l.Count), l.Sum.Seconds(), buckets)
}
