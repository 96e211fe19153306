package glance

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"needletail/proxy/glance/paging"
	"needletail/proxy/glance/wire"
	"needletail/proxy/pyjson"
	"needletail/proxy/web"
)

// namespace finds the namespace of the path, if the caller may see it.
func (s *service) namespace(c *call) (*metadef, error) {
	d := s.metadefs.find(c.vars[0])
	if d == nil || !d.visibleTo(c.caller) {
		return nil, noNamespace(c.vars[0])
	}
	return d, nil
}

// listNamespaces is GET /v2/metadefs/namespaces.
func (s *service) listNamespaces(c *call) (*web.Response, error) {
	q, err := parseMetadefQuery(c.RawQuery)
	if err != nil {
		return nil, err
	}
	list := slices.DeleteFunc(s.metadefs.visible(c.caller), func(d *metadef) bool { return !q.chooses(d) })
	slices.SortFunc(list, q.compare)
	if q.Marker != "" {
		i := slices.IndexFunc(list, func(d *metadef) bool { return d.Namespace == q.Marker })
		if i < 0 {
			return nil, noNamespace(q.Marker)
		}
		list = list[i+1:]
	}
	list = list[:min(len(list), q.Limit)]
	return paging.Respond(c.Request, "namespaces", list, (*metadef).view, func(n int) pyjson.Object {
		rest := pyjson.Object{{Key: "first", Value: paging.Link("/v2/metadefs/namespaces", q.Pairs, "")}}
		if n > 0 && (n == q.Limit || n < len(list)) {
			rest = append(rest, pyjson.Member{Key: "next", Value: paging.Link("/v2/metadefs/namespaces", q.Pairs, list[n-1].Namespace)})
		}
		return append(rest, pyjson.Member{Key: "schema", Value: "/v2/schemas/metadefs/namespaces"})
	})
}

// createNamespace is POST /v2/metadefs/namespaces, also with all parts at once.
func (s *service) createNamespace(c *call) (*web.Response, error) {
	body, err := readShape(c, "namespace", namespaceShape, "namespace")
	if err != nil {
		return nil, err
	}
	now := s.nowMicros()
	d := &metadef{Owner: c.caller.project, CreatedMicros: now, UpdatedMicros: now}
	d.setAttributes(body)
	if err := d.setAllParts(body, now); err != nil {
		return nil, err
	}
	if err := s.metadefs.add(c.Context(), d); err != nil {
		return nil, err
	}
	res := wire.JSON(201, d.wholeView(""))
	res.Header.Add("Location", c.BaseURL()+d.self())
	return res, nil
}

// setAttributes takes what a namespace itself says, with Glance's defaults.
func (d *metadef) setAttributes(body pyjson.Object) {
	d.Namespace, _ = body.Get("namespace").(string)
	d.DisplayName, d.Description = optional(body, "display_name"), optional(body, "description")
	d.Visibility, _ = body.Get("visibility").(string)
	d.Visibility = cmp.Or(d.Visibility, visibilityPrivate)
	d.Protected, _ = body.Get("protected").(bool)
	if owner, ok := body.Get("owner").(string); ok {
		d.Owner = owner
	}
}

func optional(o pyjson.Object, key string) *string {
	if text, ok := o.Get(key).(string); ok {
		return &text
	}
	return nil
}

func (d *metadef) setAllParts(body pyjson.Object, now int64) error {
	for _, m := range body {
		switch m.Key {
		case "resource_type_associations", "objects", "tags":
			kind := strings.Replace(m.Key, "resource_type_associations", kindResourceType, 1)
			for _, item := range m.Value.(pyjson.Array) {
				if err := d.setPart(kind, "", newPart(item.(pyjson.Object), now)); err != nil {
					return err
				}
			}
		case "properties":
			for _, p := range m.Value.(pyjson.Object) {
				part := newPart(p.Value.(pyjson.Object), now)
				part.Name = p.Key
				if err := d.setPart(kindProperty, "", part); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// newPart takes a part from an object that was checked.
func newPart(o pyjson.Object, now int64) metadefPart {
	p := metadefPart{CreatedMicros: now, UpdatedMicros: now}
	p.Name, _ = o.Get("name").(string)
	rest := slices.DeleteFunc(slices.Clone(o), func(m pyjson.Member) bool {
		return slices.Contains([]string{"name", "self", "schema"}, m.Key)
	})
	if len(rest) > 0 {
		p.Body = pyjson.Marshal(rest)
	}
	return p
}

// readShape reads a body of a schema.
func readShape(c *call, schema string, shapes map[string]shape, must ...string) (pyjson.Object, error) {
	body, err := wire.ReadObject(c.Request)
	if err != nil {
		return nil, err
	}
	return body, checkShape(schema, body, shapes, must...)
}

// showNamespace is GET /v2/metadefs/namespaces/{namespace}.
func (s *service) showNamespace(c *call) (*web.Response, error) {
	d, err := s.namespace(c)
	if err != nil {
		return nil, err
	}
	pairs, err := paging.ParsePairs(c.RawQuery)
	if err != nil {
		return nil, err
	}
	resourceType := ""
	for _, p := range pairs {
		if p.Key == "resource_type" {
			resourceType = p.Value
		}
	}
	return wire.JSON(200, d.wholeView(resourceType)), nil
}

// updateNamespace is PUT /v2/metadefs/namespaces/{namespace}.
func (s *service) updateNamespace(c *call) (*web.Response, error) {
	body, err := readShape(c, "namespace", namespaceShape, "namespace")
	if err != nil {
		return nil, err
	}
	d, err := s.metadefs.update(c.Context(), c.vars[0], s.nowMicros(), func(d *metadef) error {
		d.setAttributes(body)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return wire.JSON(200, d.view()), nil
}

// deleteNamespace is DELETE /v2/metadefs/namespaces/{namespace}.
func (s *service) deleteNamespace(c *call) (*web.Response, error) {
	if err := s.metadefs.remove(c.Context(), c.vars[0]); err != nil {
		return nil, err
	}
	return wire.Empty(204), nil
}

// listResourceTypes is GET /v2/metadefs/resource_types: those that a namespace
// which the caller may see is for.
func (s *service) listResourceTypes(c *call) (*web.Response, error) {
	first := map[string]metadefPart{}
	for _, d := range s.metadefs.visible(c.caller) {
		for _, p := range d.ResourceTypes {
			if seen, ok := first[p.Name]; !ok || p.CreatedMicros < seen.CreatedMicros {
				first[p.Name] = p
			}
		}
	}
	views := pyjson.Array{}
	for _, name := range slices.Sorted(maps.Keys(first)) {
		p := first[name]
		views = append(views, append(pyjson.Object{{Key: "name", Value: name}}, p.times()...))
	}
	return wire.JSON(200, pyjson.Object{{Key: "resource_types", Value: views}}), nil
}

// metadefQuery is the query of a listing of namespaces, checked.
type metadefQuery struct {
	paging.Query
	visibility    string
	resourceTypes []string
}

// namespaceKeys are what namespaces are sorted by.
var namespaceKeys = []string{"namespace", "created_at", "updated_at"}

func parseMetadefQuery(raw string) (q *metadefQuery, err error) {
	q = new(metadefQuery)
	isKey := func(key string) bool { return slices.Contains(namespaceKeys, key) }
	q.Query, err = paging.Parse(raw, isKey, func(p paging.Pair) error {
		switch p.Key {
		case "visibility":
			if q.visibility = p.Value; p.Value != visibilityPublic && p.Value != visibilityPrivate {
				return wire.Errorf(400, "Invalid visibility value: %s", wire.Cut(p.Value))
			}
		case "resource_types":
			q.resourceTypes = strings.Split(p.Value, ",")
		}
		return nil
	})
	return q, err
}

func (q *metadefQuery) chooses(d *metadef) bool {
	ofType := func(p metadefPart) bool { return slices.Contains(q.resourceTypes, p.Name) }
	return (q.visibility == "" || q.visibility == d.Visibility) &&
		(q.resourceTypes == nil || slices.ContainsFunc(d.ResourceTypes, ofType))
}

func (q *metadefQuery) compare(x, y *metadef) int {
	order := 0
	switch q.Key {
	case "created_at":
		order = cmp.Compare(x.CreatedMicros, y.CreatedMicros)
	case "updated_at":
		order = cmp.Compare(x.UpdatedMicros, y.UpdatedMicros)
	}
	order = cmp.Or(order, strings.Compare(x.Namespace, y.Namespace))
	if q.Ascending {
		return order
	}
	return -order
}
