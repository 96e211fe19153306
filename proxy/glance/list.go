// SPDX-License-Identifier: Apache-2.0

package glance

import (
	"slices"

	"needletail/proxy/glance/paging"
	"needletail/proxy/glance/wire"
	"needletail/proxy/pyjson"
	"needletail/proxy/web"
)

// listImages is GET /v2/images.
func (s *service) listImages(c *call) (*web.Response, error) {
	q, err := parseListQuery(c.RawQuery)
	if err != nil {
		return nil, err
	}
	list, err := s.choose(c.caller, q)
	if err != nil {
		return nil, err
	}
	return paging.Respond(c.Request, "images", list, s.imageView, func(n int) pyjson.Object {
		rest := pyjson.Object{{Key: "first", Value: q.link("")}}
		if paging.More(n, q.limit, len(list)) {
			rest = append(rest, pyjson.Member{Key: "next", Value: q.link(list[n-1].ID)})
		}
		return append(rest, pyjson.Member{Key: "schema", Value: "/v2/schemas/images"})
	})
}

// choose returns the images of a page: the images that the listing shows, sorted,
// after the marker, up to the limit.
func (s *service) choose(who caller, q *listQuery) ([]*image, error) {
	var marker *image
	if q.marker != "" {
		m, ok := s.images.find(q.marker)
		if !ok || !who.sees(m) {
			return nil, wire.Errorf(400, "No image found with ID %s", q.marker)
		}
		marker = m
	}
	chosen := slices.DeleteFunc(s.images.each(), func(m *image) bool {
		return marker != nil && compareBy(q.keys, m, marker) <= 0 || !q.lists(who, m)
	})
	slices.SortFunc(chosen, func(a, b *image) int { return compareBy(q.keys, a, b) })
	return chosen[:min(q.limit, len(chosen))], nil
}

// lists says whether the listing shows the image to the caller.
func (q *listQuery) lists(who caller, m *image) bool {
	if m.Hidden != q.hidden || !q.reaches(who, m) {
		return false
	}
	for _, f := range q.filters {
		if !f(m) {
			return false
		}
	}
	return true
}

// reaches says whether the visibility lets the listing show the image. A listing
// shows fewer images than the caller may see: community images of foreign
// projects only on request, and shared images by the status of the membership
// (glance/db/sqlalchemy/api.py _make_image_visibility_conditions):
//
//	           own  foreign            foreign, to an admin
//	public     yes  yes                yes
//	private    yes  no                 yes
//	shared     yes  by member_status   yes
//	community  yes  with ?visibility=  with ?visibility=
func (q *listQuery) reaches(who caller, m *image) bool {
	if q.visibility != "" && q.visibility != "all" && q.visibility != m.Visibility {
		return false
	}
	if who.owns(m) {
		return true
	}
	if m.Visibility == visibilityCommunity {
		return q.visibility != ""
	}
	if who.admin || m.Owner == nil || m.Visibility == visibilityPublic {
		return true
	}
	if m.Visibility != visibilityShared {
		return false
	}
	i, ok := m.member(who.project)
	return ok && (q.memberStatus == "all" || q.memberStatus == m.Members[i].Status)
}
