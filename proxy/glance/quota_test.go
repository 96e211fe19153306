// SPDX-License-Identifier: Apache-2.0

package glance

import (
	"context"
	"errors"
	"strings"
	"testing"
)

func newLimitedSite(t *testing.T, limits map[string]int64) *site {
	t.Helper()
	s := newSite(t)
	cfg := s.config()
	cfg.Limit = func(_ context.Context, project, resource string) (int64, error) {
		if project == "project-b" {
			return 0, errors.New("limits are away")
		}
		return limits[resource], nil
	}
	h, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	s.h = h
	return s
}

func overLimit(resource, text string) string {
	return "Project project-a is over a limit for [Resource " + resource + " is over limit of " + text + "]"
}

func TestQuotas(t *testing.T) {
	s := newLimitedSite(t, map[string]int64{quotaSize: 2, quotaStage: 1, quotaCount: 3, quotaUploading: Unlimited})
	f := func(a answer, status int, text string) {
		t.Helper()
		if a.Status != status || !strings.Contains(a.body, text) {
			t.Errorf("%d %s, want %d %s", a.Status, a.body, status, text)
		}
	}
	two, one := strings.Repeat("x", 2*mebi), strings.Repeat("x", mebi)
	first, second, third := s.create("alice", ""), s.create("alice", ""), s.create("alice", "")
	f(s.do("alice", "POST", "/v2/images", "{}"), 413, overLimit(quotaCount, "3 due to current usage 3 and delta 1"))
	f(s.upload("alice", first, two), 204, "")
	f(s.upload("alice", second, one), 413, overLimit(quotaSize, "2 due to current usage 2 and delta 1"))
	f(s.upload("alice", second, "less than a MiB"), 204, "")
	f(s.stage("alice", third, two), 413, overLimit(quotaStage, "1 due to current usage 0 and delta 2"))
	f(s.stage("alice", third, one), 204, "")
	f(s.do("alice", "GET", "/v2/info/usage", ""), 200, `{"usage": {"image_size_total": {"usage": 2, "limit": 2}, `+
		`"image_stage_total": {"usage": 1, "limit": 1}, "image_count_total": {"usage": 3, "limit": 3}, `+
		`"image_count_uploading": {"usage": 1, "limit": -1}}}`)
	s.want(204, "alice", "DELETE", "/v2/images/"+first, "")
	s.want(202, "alice", "POST", "/v2/images/"+third+"/import", `{"method": {"name": "glance-direct"}}`)
	f(s.do("bob", "POST", "/v2/images", "{}"), 503, "")
}

func TestUploadsAreCounted(t *testing.T) {
	s := newLimitedSite(t, map[string]int64{quotaSize: 100, quotaStage: 100, quotaCount: 100, quotaUploading: 1})
	staged, other := s.create("alice", ""), s.create("alice", "")
	s.stage("alice", staged, "data")
	if a := s.upload("alice", other, "data"); a.Status != 413 || !strings.Contains(a.body, overLimit(quotaUploading, "1 due to current usage 1 and delta 1")) {
		t.Errorf("%d %s", a.Status, a.body)
	}
	s.importBy("alice", staged, methodDirect, "")
	if a := s.upload("alice", other, "data"); a.Status != 204 {
		t.Errorf("%d %s", a.Status, a.body)
	}
}
