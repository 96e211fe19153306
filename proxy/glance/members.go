// SPDX-License-Identifier: Apache-2.0

package glance

import (
	"slices"
	"unicode/utf8"

	"needletail/proxy/glance/wire"
	"needletail/proxy/pyjson"
	"needletail/proxy/web"
)

// onlyShared refuses members of an image that is not shared.
func onlyShared(m *image) error {
	if m.Visibility != visibilityShared {
		return wire.Errorf(403, "Only shared images have members.")
	}
	return nil
}

// listMembers is GET /v2/images/{image}/members. A member sees only its own
// membership.
func (s *service) listMembers(c *call) (*web.Response, error) {
	if err := onlyShared(c.image); err != nil {
		return nil, err
	}
	views := []pyjson.Object{}
	for i := range c.image.Members {
		if x := &c.image.Members[i]; c.caller.seesMember(c.image, x.Project) {
			views = append(views, memberView(c.image.ID, x))
		}
	}
	return wire.JSON(200, pyjson.Object{
		{Key: "members", Value: views},
		{Key: "schema", Value: "/v2/schemas/members"},
	}), nil
}

// seesMember says whether the caller may know of a project's membership.
func (c caller) seesMember(m *image, project string) bool {
	return c.admin || c.owns(m) || c.project == project
}

// addMember is POST /v2/images/{image}/members.
func (s *service) addMember(c *call) (*web.Response, error) {
	body, err := wire.ReadObject(c.Request)
	if err != nil {
		return nil, err
	}
	project, ok := body.Get("member").(string)
	if !ok || project == "" || utf8.RuneCountInString(project) > maxNameChars {
		return nil, wire.Errorf(400, "Member to be added not specified")
	}
	now := s.nowMicros()
	added := member{Project: project, Status: memberPending, CreatedMicros: now, UpdatedMicros: now}
	_, after, err := s.images.update(c.Context(), c.image.ID, func(m *image) error {
		if m.Visibility != visibilityShared {
			return wire.Errorf(403, "Not allowed to create members for image %s.", m.ID)
		}
		if _, ok := m.member(project); ok {
			return wire.Errorf(409, "Image member %s already exists for image %s", project, m.ID)
		}
		if len(m.Members) >= maxMembers {
			return overQuota("members for this image", len(m.Members)+1, maxMembers)
		}
		m.Members = append(m.Members, added)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return wire.JSON(200, memberView(after.ID, &added)), nil
}

// noMember is the answer for a membership that is absent or invisible.
func noMember(m *image, project string) error {
	return wire.Errorf(404, "%s not found in the member list of the image %s.", project, m.ID)
}

// showMember is GET /v2/images/{image}/members/{member}.
func (s *service) showMember(c *call) (*web.Response, error) {
	if c.image.Visibility != visibilityShared {
		return nil, wire.Errorf(404, "Only shared images have members.")
	}
	i, ok := c.image.member(c.vars[1])
	if !ok || !c.caller.seesMember(c.image, c.vars[1]) {
		return nil, noMember(c.image, c.vars[1])
	}
	return wire.JSON(200, memberView(c.image.ID, &c.image.Members[i])), nil
}

// setMember is PUT /v2/images/{image}/members/{member}. Only the member, or an
// admin, accepts or rejects.
func (s *service) setMember(c *call) (*web.Response, error) {
	project := c.vars[1]
	if !c.caller.seesMember(c.image, project) {
		return nil, noMember(c.image, project)
	}
	body, err := wire.ReadObject(c.Request)
	if err != nil {
		return nil, err
	}
	status, ok := body.Get("status").(string)
	if !ok {
		return nil, wire.Errorf(400, "Status not specified")
	}
	if !slices.Contains([]string{memberPending, memberAccepted, memberRejected}, status) {
		return nil, wire.Errorf(400, "Status must be \"pending\", \"accepted\" or \"rejected\".")
	}
	var set member
	_, _, err = s.images.update(c.Context(), c.image.ID, func(m *image) error {
		if err := onlyShared(m); err != nil {
			return err
		}
		i, ok := m.member(project)
		if !ok {
			return noMember(m, project)
		}
		if !c.caller.admin && c.caller.project != project {
			return wire.Errorf(403, "You are not authorized to complete modify_member action.")
		}
		m.Members[i].Status, m.Members[i].UpdatedMicros = status, s.nowMicros()
		set = m.Members[i]
		return nil
	})
	if err != nil {
		return nil, err
	}
	return wire.JSON(200, memberView(c.image.ID, &set)), nil
}

// deleteMember is DELETE /v2/images/{image}/members/{member}.
func (s *service) deleteMember(c *call) (*web.Response, error) {
	_, _, err := s.images.update(c.Context(), c.image.ID, func(m *image) error {
		if err := onlyShared(m); err != nil {
			return err
		}
		i, ok := m.member(c.vars[1])
		if !ok {
			return noMember(m, c.vars[1])
		}
		m.Members = slices.Delete(m.Members, i, i+1)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return wire.Empty(204), nil
}
