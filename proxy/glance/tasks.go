package glance

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"needletail/proxy/glance/paging"
	"needletail/proxy/glance/wire"
	"needletail/proxy/pyjson"
	"needletail/proxy/web"
)

// listImageTasks is GET /v2/images/{image}/tasks.
func (s *service) listImageTasks(c *call) (*web.Response, error) {
	list := s.tasks.list(s.nowMicros(), func(t *task) bool { return t.ImageID == c.image.ID })
	return paging.Respond(c.Request, "tasks", list, func(t *task) pyjson.Object { return t.rowView(c.caller) }, func(int) pyjson.Object { return nil })
}

// listTasks is GET /v2/tasks (glance/api/v2/tasks.py index).
func (s *service) listTasks(c *call) (*web.Response, error) {
	q, err := parseTaskQuery(c.RawQuery)
	if err != nil {
		return nil, err
	}
	list := s.tasks.list(s.nowMicros(), q.choose)
	slices.SortStableFunc(list, q.compare)
	if q.Marker != "" {
		i := slices.IndexFunc(list, func(t *task) bool { return t.ID == q.Marker })
		if i < 0 {
			return nil, wire.Errorf(400, "Task not found for marker %s", wire.Cut(q.Marker))
		}
		list = list[i+1:]
	}
	list = list[:min(len(list), q.Limit)]
	return paging.Respond(c.Request, "tasks", list, (*task).stubView, func(n int) pyjson.Object {
		rest := pyjson.Object{
			{Key: "first", Value: paging.Link("/v2/tasks", q.Pairs, "")},
			{Key: "schema", Value: "/v2/schemas/tasks"},
		}
		if n > 0 && (n == q.Limit || n < len(list)) {
			rest = append(rest, pyjson.Member{Key: "next", Value: paging.Link("/v2/tasks", q.Pairs, list[n-1].ID)})
		}
		return rest
	})
}

// showTask is GET /v2/tasks/{task}.
func (s *service) showTask(c *call) (*web.Response, error) {
	t := s.tasks.find(c.vars[0], s.nowMicros())
	if t == nil {
		return nil, wire.Errorf(404, "Task not found: %s", wire.Cut(c.vars[0]))
	}
	return wire.JSON(200, t.view()), nil
}

// deleteTask is DELETE /v2/tasks/{task}. Tasks expire and cannot be deleted.
func (s *service) deleteTask(*call) (*web.Response, error) {
	return nil, &wire.Error{
		Status: 405, Header: web.Header{{Name: "Allow", Value: "GET"}},
		Message: "This operation is currently not permitted on Glance Tasks. They are auto deleted after " +
			"reaching the time based on their expires_at property.",
	}
}

// createTask is POST /v2/tasks, the old way to import an image from a URI.
func (s *service) createTask(c *call) (*web.Response, error) {
	input, err := readTask(c)
	if err != nil {
		return nil, err
	}
	uri, _ := input.Get("import_from").(string)
	if err := s.Fetcher.Check(uri); err != nil {
		return nil, &wire.Error{Status: 400, Message: "URI for legacy import task does not pass filtering: " + wire.Cut(uri), Err: err}
	}
	release, ok := s.downloads.admit()
	if !ok {
		return nil, wire.Errorf(503, "Too many imports are waiting.")
	}
	now := s.nowMicros()
	t := &task{
		Version: recordVersion, ID: newUUID(), Type: taskImport, Status: taskProcessing, Owner: c.caller.project,
		UserID: c.caller.user, RequestID: c.requestID, Input: pyjson.Marshal(input), CreatedMicros: now, UpdatedMicros: now,
	}
	if _, err := s.tasks.start(c.Context(), t); err != nil {
		release()
		return nil, err
	}
	who := c.caller
	s.downloads.run(release, func(ctx context.Context) {
		err := s.importTask(ctx, who, t, input, uri)
		if err := s.tasks.end(context.WithoutCancel(ctx), t.ID, err, s.nowMicros()); err != nil {
			s.Logger.Error("the end of a task was not written", "task", t.ID, "err", err)
		}
	})
	res := wire.JSON(201, t.view())
	res.Header.Add("Location", c.BaseURL()+"/v2/tasks/"+t.ID)
	return res, nil
}

// readTask reads the body of a task and returns the input
// (glance/api/v2/tasks.py RequestDeserializer.create).
func readTask(c *call) (input pyjson.Object, err error) {
	body, err := wire.ReadObject(c.Request)
	if err != nil {
		return nil, err
	}
	for _, key := range []string{"type", "input"} {
		if !slices.ContainsFunc(body, func(m pyjson.Member) bool { return m.Key == key }) {
			return nil, wire.Errorf(400, "Task '%s' is required", key)
		}
	}
	if body.Get("type") != taskImport {
		return nil, wire.Errorf(400, "Provided object does not match schema 'task': %s is not one of ['import']", wire.Repr(body.Get("type")))
	}
	input, ok := body.Get("input").(pyjson.Object)
	if !ok {
		return nil, wire.Errorf(400, "Provided object does not match schema 'task': %s is not of type 'null', 'object'", wire.Repr(body.Get("input")))
	}
	return input, nil
}

// importTask creates the image that the input describes, and fetches the image's
// data from the URI.
func (s *service) importTask(ctx context.Context, who caller, t *task, input pyjson.Object, uri string) error {
	for _, key := range []string{"import_from", "import_from_format", "image_properties"} {
		if input.Get(key) == nil {
			return wire.Errorf(400, "Input does not contain '%s' field", key)
		}
	}
	properties, ok := input.Get("image_properties").(pyjson.Object)
	if !ok {
		return wire.Errorf(400, "Input does not contain 'image_properties' field")
	}
	if len(properties) == 0 {
		properties = pyjson.Object{{Key: "disk_format", Value: "qcow2"}, {Key: "container_format", Value: "bare"}}
	}
	m, err := s.newImage(who, properties)
	if err != nil {
		return err
	}
	if err := s.images.add(ctx, m); err != nil {
		return err
	}
	s.tasks.concerns(t.ID, m.ID)
	in := intake{maySave, statusImporting, quotaSize, s.activate}
	if err := s.begin(ctx, m.ID, in); err != nil {
		return err
	}
	return s.download(ctx, m.ID, in, uri)
}

// taskQuery is the query of GET /v2/tasks, checked.
type taskQuery struct {
	paging.Query
	kind, status string
}

func parseTaskQuery(raw string) (q *taskQuery, err error) {
	q = new(taskQuery)
	isKey := func(key string) bool { return taskKeys[key] != nil }
	q.Query, err = paging.Parse(raw, isKey, func(p paging.Pair) error {
		switch p.Key {
		case "marker":
			if !isUUID(p.Value) {
				return wire.Errorf(400, "Invalid marker format")
			}
		case "status":
			if q.status = p.Value; !slices.Contains([]string{"pending", taskProcessing, taskSuccess, taskFailure}, p.Value) {
				return wire.Errorf(400, "Invalid status value: %s", wire.Cut(p.Value))
			}
		case "type":
			if q.kind = p.Value; p.Value != taskImport {
				return wire.Errorf(400, "Invalid type value: %s", wire.Cut(p.Value))
			}
		}
		return nil
	})
	return q, err
}

func (q *taskQuery) choose(t *task) bool {
	return (q.kind == "" || q.kind == t.Type) && (q.status == "" || q.status == t.Status)
}

// taskKeys has the fields by which tasks sort.
var taskKeys = map[string]func(x, y *task) int{
	"created_at": func(x, y *task) int { return cmp.Compare(x.CreatedMicros, y.CreatedMicros) },
	"updated_at": func(x, y *task) int { return cmp.Compare(x.UpdatedMicros, y.UpdatedMicros) },
	"expires_at": func(x, y *task) int { return cmp.Compare(x.ExpiresMicros, y.ExpiresMicros) },
	"id":         func(x, y *task) int { return strings.Compare(x.ID, y.ID) },
	"type":       func(x, y *task) int { return strings.Compare(x.Type, y.Type) },
	"status":     func(x, y *task) int { return strings.Compare(x.Status, y.Status) },
	"owner":      func(x, y *task) int { return strings.Compare(x.Owner, y.Owner) },
}

// compare orders two tasks by the key of the query, and then by ID.
func (q *taskQuery) compare(x, y *task) int {
	order := cmp.Or(taskKeys[q.Key](x, y), strings.Compare(x.ID, y.ID))
	if q.Ascending {
		return order
	}
	return -order
}
