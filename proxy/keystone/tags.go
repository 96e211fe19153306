// SPDX-License-Identifier: Apache-2.0

package keystone

import (
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"needletail/auth/identity"
	"needletail/proxy/pyjson"
	"needletail/proxy/web"
)

func tagRoutes() []route {
	const list = "/v3/projects/{project}/tags"
	return []route{
		{method: "GET", pattern: list, action: "identity:list_project_tags", rule: projectReaders, handle: listTags},
		{method: "PUT", pattern: list, action: "identity:update_project_tags", rule: adminOnly, handle: replaceTags},
		{method: "DELETE", pattern: list, action: "identity:delete_project_tags", rule: adminOnly, handle: deleteTags},
		{method: "GET", pattern: list + "/{tag}", action: "identity:get_project_tag", rule: projectReaders, handle: showTag},
		{method: "PUT", pattern: list + "/{tag}", action: "identity:create_project_tag", rule: adminOnly, handle: addTag},
		{method: "DELETE", pattern: list + "/{tag}", action: "identity:delete_project_tag", rule: adminOnly, handle: deleteTag},
	}
}

// Keystone's limits on tags.
const (
	maxTags     = 80
	maxTagChars = 255
)

// checkTags refuses too many tags, and tags that are empty, too long, repeated
// or with a "/" or ",".
func checkTags(tags []string) error {
	if len(tags) > maxTags {
		return badRequest("Invalid input for field 'tags': there are too many")
	}
	for i, tag := range tags {
		if tag == "" || utf8.RuneCountInString(tag) > maxTagChars || strings.ContainsAny(tag, "/,") || slices.Contains(tags[:i], tag) {
			return badRequest("Invalid input for field 'tags': " + string(pyjson.Marshal(tag)))
		}
	}
	return nil
}

// tags returns the list under "tags", or was if the body has no tags.
func (o object) tags(was []string) ([]string, error) {
	v, given := o["tags"]
	if !given {
		return was, nil
	}
	list, ok := v.([]any)
	if !ok {
		return nil, notType("tags", v, "array")
	}
	tags := []string{}
	for _, v := range list {
		tag, ok := v.(string)
		if !ok {
			return nil, notType("tags", v, "string")
		}
		tags = append(tags, tag)
	}
	return tags, checkTags(tags)
}

// setTags stores the tags that edit makes of the project's tags, under the lock
// of the store.
func (c *call) setTags(edit func([]string) ([]string, error)) ([]string, error) {
	var failed error
	p, err := c.svc.UpdateProject(c.params.Get("project"), func(p *identity.Project) {
		tags, err := edit(slices.Clone(p.Tags))
		if err == nil {
			err = checkTags(tags)
		}
		if failed = err; err == nil {
			p.Tags = tags
		}
	})
	if failed != nil {
		return nil, failed
	}
	if err != nil {
		return nil, err
	}
	return p.Tags, nil
}

func (c *call) tagList(tags []string) *web.Response {
	return answer(200, pyjson.Object{{Key: "tags", Value: append([]string{}, tags...)}, c.selfLink()})
}

func listTags(c *call) (*web.Response, error) {
	p, err := c.svc.Project(c.params.Get("project"))
	if err != nil {
		return nil, err
	}
	return c.tagList(p.Tags), nil
}

func replaceTags(c *call) (*web.Response, error) {
	body, err := c.readObject()
	if err != nil {
		return nil, err
	}
	if _, ok := body["tags"]; !ok {
		return nil, missing("tags", "request body")
	}
	wanted, err := body.tags(nil)
	if err != nil {
		return nil, err
	}
	tags, err := c.setTags(func([]string) ([]string, error) { return wanted, nil })
	if err != nil {
		return nil, err
	}
	return c.tagList(tags), nil
}

func deleteTags(c *call) (*web.Response, error) {
	_, err := c.setTags(func([]string) ([]string, error) { return nil, nil })
	return dropped(err)
}

// noTag is the 404 of a tag that the project does not have.
func (c *call) noTag() error {
	return newError(404, "Could not find project tag: "+c.params.Get("tag")+".")
}

func showTag(c *call) (*web.Response, error) {
	p, err := c.svc.Project(c.params.Get("project"))
	if err == nil && !slices.Contains(p.Tags, c.params.Get("tag")) {
		err = c.noTag()
	}
	return dropped(err)
}

func addTag(c *call) (*web.Response, error) {
	_, err := c.setTags(func(tags []string) ([]string, error) {
		if !slices.Contains(tags, c.params.Get("tag")) {
			tags = append(tags, c.params.Get("tag"))
		}
		return tags, nil
	})
	if err != nil {
		return nil, err
	}
	res := web.NewResponse(201)
	res.Header.Add("Location", c.base+"/v3/projects/"+c.params.Get("project")+"/tags/"+(&url.URL{Path: c.params.Get("tag")}).EscapedPath())
	return res, nil
}

func deleteTag(c *call) (*web.Response, error) {
	_, err := c.setTags(func(tags []string) ([]string, error) {
		i := slices.Index(tags, c.params.Get("tag"))
		if i < 0 {
			return nil, c.noTag()
		}
		return slices.Delete(tags, i, i+1), nil
	})
	return dropped(err)
}
