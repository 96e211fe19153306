// SPDX-License-Identifier: Apache-2.0

package staticweb

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"needletail/objstore"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// fakeSite is a container as the next handler shows it, by "METHOD path".
type fakeSite struct {
	objstore.ContainerStore
	metadata objstore.Metadata
	storeErr error
	answers  map[string]int // status
	open     int            // bodies that nobody closed
}

type counted struct {
	io.Reader
	site *fakeSite
}

func (c counted) Close() error { c.site.open--; return nil }

func (s *fakeSite) HeadContainer(context.Context, objstore.ContainerID, objstore.InfoOptions) (objstore.ContainerInfo, error) {
	return objstore.ContainerInfo{Metadata: s.metadata}, s.storeErr
}

var errBroken = errors.New("disk")

func (s *fakeSite) Serve(r *swift.Request) (*web.Response, error) {
	status, known := s.answers[r.Method+" "+r.Path]
	if !known {
		return nil, &objstore.Error{Kind: objstore.KindNotFound}
	}
	if status == 500 {
		return nil, errBroken
	}
	body := r.Path
	if r.EachObject != nil && status == 200 {
		if err := r.EachObject(&objstore.ObjectEntry{Name: "dir/x", SizeBytes: 1, ContentType: "a/b"}); err != nil {
			return nil, err
		}
		return web.NewResponse(200), nil
	}
	s.open++
	return &web.Response{Status: status, Body: counted{strings.NewReader(body), s}, ContentLength: int64(len(body))}, nil
}

func TestVisits(t *testing.T) {
	full := map[string]string{"Web-Index": "i", "Web-Listings": "on", "Web-Error": "e"}
	listing := map[string]string{"Web-Listings": "on"}
	for name, c := range map[string]struct {
		metadata map[string]string
		answers  map[string]int
		path     string
		status   int
		body     string // what it begins with
	}{
		"index":                       {full, map[string]int{"HEAD /v1/a/c": 204, "GET /v1/a/c/i": 200}, "/v1/a/c/", 200, "/v1/a/c/i"},
		"index not allowed":           {full, map[string]int{"HEAD /v1/a/c": 204, "GET /v1/a/c/i": 403}, "/v1/a/c/", 403, "/v1/a/c/i"},
		"index not allowed, page":     {full, map[string]int{"HEAD /v1/a/c": 204, "GET /v1/a/c/i": 403, "GET /v1/a/c/403e": 200}, "/v1/a/c/", 403, "/v1/a/c/403e"},
		"index broken":                {full, map[string]int{"HEAD /v1/a/c": 204, "GET /v1/a/c/i": 500}, "/v1/a/c/", 500, ""},
		"container broken":            {full, map[string]int{"HEAD /v1/a/c": 500}, "/v1/a/c/", 500, ""},
		"container passes":            {nil, map[string]int{"HEAD /v1/a/c": 204, "GET /v1/a/c": 200}, "/v1/a/c", 200, "/v1/a/c"},
		"listing of the root":         {listing, map[string]int{"HEAD /v1/a/c": 204, "GET /v1/a/c": 200}, "/v1/a/c/", 200, "<!DOCTYPE html>"},
		"listing not allowed":         {full, map[string]int{"GET /v1/a/c": 403}, "/v1/a/c/dir/", 403, "/v1/a/c"},
		"listing broken":              {full, map[string]int{"GET /v1/a/c": 500}, "/v1/a/c/dir/", 500, ""},
		"listing broken, no slash":    {full, map[string]int{"GET /v1/a/c": 500}, "/v1/a/c/dir", 500, ""},
		"listing not there, no slash": {full, map[string]int{"GET /v1/a/c/404e": 200}, "/v1/a/c/dir", 404, "/v1/a/c/404e"},
		"folder's index":              {full, map[string]int{"GET /v1/a/c/dir/i": 200}, "/v1/a/c/dir/", 200, "/v1/a/c/dir/i"},
		"folder's index, no slash":    {full, map[string]int{"GET /v1/a/c/dir/i": 200}, "/v1/a/c/dir", 301, "<html>"},
		"folder's index, not allowed": {full, map[string]int{"GET /v1/a/c/dir/i": 401}, "/v1/a/c/dir", 401, "/v1/a/c/dir/i"},
		"folder without an index":     {full, map[string]int{"GET /v1/a/c/dir/i": 404, "GET /v1/a/c/dir/": 404, "GET /v1/a/c": 200}, "/v1/a/c/dir/", 200, "<!DOCTYPE html>"},
		"folder":                      {full, map[string]int{"GET /v1/a/c": 200}, "/v1/a/c/dir", 301, "<html>"},
		"object not allowed":          {full, map[string]int{"GET /v1/a/c/o": 403, "GET /v1/a/c/403e": 200}, "/v1/a/c/o", 403, "/v1/a/c/o"},
		"object broken":               {full, map[string]int{"GET /v1/a/c/o": 500}, "/v1/a/c/o", 500, ""},
	} {
		s := &fakeSite{answers: c.answers}
		for key, value := range c.metadata {
			s.metadata.Set("X-Container-Meta-"+key, value)
		}
		r := &swift.Request{Request: &web.Request{Method: "GET", Path: c.path, Scheme: "http", Host: "h", Body: web.NoBody}}
		res, err := New(Options{}, s)(s).Serve(r)
		if c.status == 500 {
			if res != nil || !errors.Is(err, errBroken) || s.open != 0 {
				t.Errorf("%s: %v, %v, %d open", name, res, err, s.open)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		body, _ := io.ReadAll(res.Body)
		if err := res.Close(); err != nil || res.Status != c.status || !strings.HasPrefix(string(body), c.body) || s.open != 0 {
			t.Errorf("%s: %d %q, %d open", name, res.Status, body, s.open)
		}
	}
}

func TestVisitsOfABrokenStore(t *testing.T) {
	for _, path := range []string{"/v1/a/c", "/v1/a/c/missing"} {
		s := &fakeSite{storeErr: errBroken, answers: map[string]int{"HEAD /v1/a/c": 204}}
		r := &swift.Request{Request: &web.Request{Method: "GET", Path: path, Body: web.NoBody}}
		if res, err := New(Options{}, s)(s).Serve(r); res != nil || !errors.Is(err, errBroken) || s.open != 0 {
			t.Errorf("%s: %v, %v, %d open", path, res, err, s.open)
		}
	}
}

func TestWhoGetsNoSite(t *testing.T) {
	s := &fakeSite{answers: map[string]int{"HEAD /v1/a/c": 204, "PUT /v1/a/c/": 201, "GET /v1/a/c/": 200, "GET /v1/a": 200, "GET /info": 200}}
	s.metadata.Set("X-Container-Meta-Web-Listings", "on")
	for _, r := range []*swift.Request{
		{Request: &web.Request{Method: "PUT", Path: "/v1/a/c/"}}, {Request: &web.Request{Method: "GET", Path: "/v1/a/c/"}, Source: "TU"},
		{Request: &web.Request{Method: "GET", Path: "/v1/a"}}, {Request: &web.Request{Method: "GET", Path: "/info"}},
	} {
		res, err := New(Options{}, s)(s).Serve(r)
		if err != nil {
			t.Fatal(err)
		}
		if body, _ := io.ReadAll(res.Body); string(body) != r.Path {
			t.Errorf("%s %s: %s", r.Method, r.Path, body)
		}
	}
}
