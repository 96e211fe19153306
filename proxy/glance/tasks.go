// SPDX-License-Identifier: Apache-2.0

package glance

import (
	"context"
	"slices"

	"needletail/proxy/glance/paging"
	"needletail/proxy/glance/tasks"
	"needletail/proxy/glance/wire"
	"needletail/proxy/pyjson"
	"needletail/proxy/web"
)

// listImageTasks is GET /v2/images/{image}/tasks.
func (s *service) listImageTasks(c *call) (*web.Response, error) {
	list := s.tasks.List(s.nowMicros(), func(t *tasks.Task) bool { return t.ImageID == c.image.ID })
	view := func(t *tasks.Task) pyjson.Object { return t.RowView(c.caller.project, c.caller.admin) }
	return paging.Respond(c.Request, "tasks", list, view, func(int) pyjson.Object { return nil })
}

// listTasks is GET /v2/tasks (glance/api/v2/tasks.py index).
func (s *service) listTasks(c *call) (*web.Response, error) {
	q, err := tasks.ParseQuery(c.RawQuery)
	if err != nil {
		return nil, err
	}
	list, err := q.Page(s.tasks, s.nowMicros())
	if err != nil {
		return nil, err
	}
	return paging.Respond(c.Request, "tasks", list, (*tasks.Task).StubView, func(n int) pyjson.Object {
		rest := pyjson.Object{
			{Key: "first", Value: paging.Link("/v2/tasks", q.Pairs, "")},
			{Key: "schema", Value: "/v2/schemas/tasks"},
		}
		if paging.More(n, q.Limit, len(list)) {
			rest = append(rest, pyjson.Member{Key: "next", Value: paging.Link("/v2/tasks", q.Pairs, list[n-1].ID)})
		}
		return rest
	})
}

// showTask is GET /v2/tasks/{task}.
func (s *service) showTask(c *call) (*web.Response, error) {
	t := s.tasks.Find(c.vars[0], s.nowMicros())
	if t == nil {
		return nil, wire.Errorf(404, "Task not found: %s", wire.Cut(c.vars[0]))
	}
	return wire.JSON(200, t.View()), nil
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
		return nil, wire.Busy("Too many imports are waiting.")
	}
	now := s.nowMicros()
	t := &tasks.Task{
		ID: wire.NewUUID(), Type: tasks.TypeImport, Owner: c.caller.project,
		UserID: c.caller.user, RequestID: c.requestID, Input: pyjson.Marshal(input), CreatedMicros: now, UpdatedMicros: now,
	}
	if _, err := s.tasks.Start(c.Context(), t); err != nil {
		release()
		return nil, err
	}
	who := c.caller
	s.downloads.run(release, func(ctx context.Context) {
		err := s.importTask(ctx, who, t, input, uri)
		s.endInBackground(ctx, t.ID, err)
	})
	res := wire.JSON(201, t.View())
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
	if body.Get("type") != tasks.TypeImport {
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
func (s *service) importTask(ctx context.Context, who caller, t *tasks.Task, input pyjson.Object, uri string) error {
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
	s.tasks.Concerns(t.ID, m.ID)
	in := intake{maySave, statusImporting, quotaSize, s.activate}
	if err := s.begin(ctx, m.ID, in); err != nil {
		return err
	}
	return s.download(ctx, m.ID, in, uri)
}

// newImportTask returns the task of an import that begins.
func newImportTask(c *call, req importRequest, nowMicros int64) *tasks.Task {
	input := pyjson.Object{
		{Key: "image_id", Value: c.image.ID},
		{Key: "import_req", Value: req.body},
		{Key: "backend", Value: pyjson.Array{nil}},
	}
	return &tasks.Task{
		ID: wire.NewUUID(), Type: tasks.TypeImageImport,
		Owner: c.caller.project, ImageID: c.image.ID, UserID: c.caller.user, RequestID: c.requestID,
		Input: pyjson.Marshal(input), CreatedMicros: nowMicros, UpdatedMicros: nowMicros,
	}
}

// endTask writes how a task ended: with an error, or well if cause is nil.
func (s *service) endTask(ctx context.Context, id string, cause error) error {
	return s.tasks.End(ctx, id, taskMessage(cause), s.nowMicros())
}

// endInBackground is endTask for work that no request waits for. A failure goes to
// the log, and the next start ends the task.
func (s *service) endInBackground(ctx context.Context, id string, cause error) {
	if err := s.endTask(context.WithoutCancel(ctx), id, cause); err != nil {
		s.Logger.Error("the end of a task was not written", "task", id, "err", err)
	}
}

// taskMessage returns the part of an error that a user may read: the message, if
// the error has an answer for users. An error without an answer may name
// addresses and files of the site, and is for the log alone. The message of no
// error is "".
func taskMessage(err error) string {
	if err == nil {
		return ""
	}
	if f := asFailure(err); f != nil && f.Message != "" {
		return f.Message
	}
	return "The import failed."
}
