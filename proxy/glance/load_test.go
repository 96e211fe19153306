// SPDX-License-Identifier: Apache-2.0

package glance

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"needletail/objstore"
	"needletail/proxy/glance/recordbook"
)

func TestRestartKeepsEverything(t *testing.T) {
	s := newSite(t)
	id := s.create("alice", `"name": "n", "tags": ["a", "b"], "zeta": "1", "alpha": "2", "kernel_id": null, "min_ram": 7`)
	s.upload("alice", id, "data")
	s.want(200, "alice", "POST", "/v2/images/"+id+"/members", `{"member": "project-b"}`)
	s.want(204, "alice", "POST", "/v2/images/"+id+"/actions/deactivate", "")
	other := s.create("bob", "")
	paths := []string{"/v2/images/" + id, "/v2/images/" + id + "/members", "/v2/images/" + other, "/v2/images"}
	var before []string
	for _, p := range paths {
		before = append(before, s.do("admin", "GET", p, "").body)
	}
	s.restart()
	for i, p := range paths {
		if got := s.do("admin", "GET", p, "").body; got != before[i] {
			t.Errorf("%s:\n got %s\nwant %s", p, got, before[i])
		}
	}
	if !strings.HasPrefix(before[0], `{"zeta": "1", "alpha": "2", "kernel_id": null, "name": "n"`) {
		t.Errorf("order: %s", before[0])
	}
}

// TestRestartAfterCrash stops an upload and a deletion at each of their steps
// by failing all that follows, and starts again.
func TestRestartAfterCrash(t *testing.T) {
	crash := errors.New("crash")
	for step := 1; step <= 4; step++ {
		s, h := newHookedSite(t)
		id := s.create("alice", "")
		calls := 0
		count := func(objstore.ObjectID) error {
			if calls++; calls >= step {
				return &objstore.Error{Kind: objstore.KindUnavailable, Op: "test", Err: crash}
			}
			return nil
		}
		h.put, h.delete = count, count
		s.upload("alice", id, "data") // record, data (twice: container), record
		h.put, h.delete = nil, nil
		s.restart()
		switch status := s.status(id); {
		case status == "queued" && s.data() == 0:
		case status == "active" && s.data() == 1:
		default:
			t.Errorf("upload stopped at step %d: %s, %d objects", step, status, s.data())
		}
	}
	for step := 1; step <= 3; step++ {
		s, h := newHookedSite(t)
		id := s.create("alice", "")
		s.upload("alice", id, "data")
		calls := 0
		count := func(objstore.ObjectID) error {
			if calls++; calls >= step {
				return &objstore.Error{Kind: objstore.KindUnavailable, Op: "test", Err: crash}
			}
			return nil
		}
		h.put, h.delete = count, count
		s.want(503, "alice", "DELETE", "/v2/images/"+id, "") // record, data, record
		h.put, h.delete = nil, nil
		s.restart()
		gone := s.do("alice", "GET", "/v2/images/"+id, "").Status == 404
		if gone != (step > 1) || gone && (s.data() != 0 || s.records() != 0) || !gone && s.data() != 1 {
			t.Errorf("delete stopped at step %d: gone %v, %d objects, %d records", step, gone, s.data(), s.records())
		}
	}
}

func TestDamagedRecordIsLeftAlone(t *testing.T) {
	s := newSite(t)
	good := s.create("alice", "")
	for i, body := range []string{"", "{}", "[1]", `{"version": 1, "id": "other"}`, strings.Repeat(" ", recordbook.MaxRecordBytes+1)} {
		o := imageRecords.ObjectID(fmt.Sprintf("00000000-0000-4000-8000-%012d", i))
		_, err := s.store.PutObject(context.Background(), o, strings.NewReader(body), objstore.PutOptions{SizeBytes: int64(len(body))})
		if err != nil {
			t.Fatal(err)
		}
	}
	s.restart()
	s.want(200, "alice", "GET", "/v2/images/"+good, "")
	s.want(409, "alice", "POST", "/v2/images", `{"id": "00000000-0000-4000-8000-000000000000"}`)
	if s.records() != 6 {
		t.Errorf("%d records", s.records())
	}
}

// A damaged task or namespace does not keep the images away.
func TestDamagedRecordsDoNotStopTheStart(t *testing.T) {
	for _, in := range []objstore.ContainerName{"tasks", "metadefs"} {
		t.Run(string(in), func(t *testing.T) {
			s := newSite(t)
			id := s.create("alice", "")
			container := objstore.ContainerID{Account: ".glance", Container: in}
			if _, err := s.store.PutContainer(t.Context(), container, objstore.PutContainerOptions{}); err != nil {
				t.Fatal(err)
			}
			const tooLong = 2 << 20
			_, err := s.store.PutObject(t.Context(), container.Object("damaged"), strings.NewReader(strings.Repeat(" ", tooLong)), objstore.PutOptions{SizeBytes: tooLong})
			if err != nil {
				t.Fatal(err)
			}
			s.restart()
			s.want(200, "alice", "GET", "/v2/images/"+id, "")
		})
	}
}

func TestNewChecksItsConfig(t *testing.T) {
	s := newSite(t)
	f := func(change func(*Config)) {
		t.Helper()
		cfg := s.config()
		change(&cfg)
		if _, err := New(cfg); err == nil {
			t.Error("no error")
		}
	}
	f(func(c *Config) { c.Store = nil })
	f(func(c *Config) { c.Validator = nil })
	f(func(c *Config) { c.ServiceAccount = "" })
	f(func(c *Config) { c.MaxImageBytes = -1 })
	if err := s.store.Close(); err != nil {
		t.Fatal(err)
	}
	f(func(*Config) {})
}

func FuzzDecodeRecord(f *testing.F) {
	const id = "00000000-0000-4000-8000-000000000000"
	f.Add([]byte(`{"version": 1, "id": "` + id + `", "status": "queued", "tags": ["a"]}`))
	f.Add([]byte(`{"version": 2}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := imageRecords.Decode(id, body)
		if (err == nil) != (m != nil) || m != nil && m.ID != id {
			t.Fatalf("%v, %v", m, err)
		}
		if m != nil {
			imageView(m)
		}
	})
}
