package glance

import (
	"encoding/json"
	"time"

	"needletail/proxy/glance/wire"
	"needletail/proxy/pyjson"
)

// The states and types of a task (glance/domain/__init__.py Task).
const (
	taskProcessing = "processing"
	taskSuccess    = "success"
	taskFailure    = "failure"

	taskImageImport = "api_image_import"
	taskImport      = "import" // the old task of an admin
)

// taskLife is how long a task is kept after its end (task_time_to_live).
const taskLife = 48 * time.Hour

// task is one record. The tags of its fields are the format on disk; times are
// microseconds since the Unix epoch.
type task struct {
	Version       int             `json:"version"`
	ID            string          `json:"id"`
	Type          string          `json:"type"`
	Status        string          `json:"status"`
	Owner         string          `json:"owner"`
	ImageID       string          `json:"image_id"`
	UserID        string          `json:"user_id"`
	RequestID     string          `json:"request_id"`
	Input         json.RawMessage `json:"input"`
	Message       string          `json:"message"`
	CreatedMicros int64           `json:"created_us"`
	UpdatedMicros int64           `json:"updated_us"`
	ExpiresMicros int64           `json:"expires_us,omitempty"` // 0 until the end
}

// newImportTask is the task of an import that begins.
func newImportTask(c *call, req importRequest, nowMicros int64) *task {
	input := pyjson.Object{
		{Key: "image_id", Value: c.image.ID},
		{Key: "import_req", Value: req.body},
		{Key: "backend", Value: pyjson.Array{nil}},
	}
	return &task{
		Version: recordVersion, ID: newUUID(), Type: taskImageImport, Status: taskProcessing,
		Owner: c.caller.project, ImageID: c.image.ID, UserID: c.caller.user, RequestID: c.requestID,
		Input: pyjson.Marshal(input), CreatedMicros: nowMicros, UpdatedMicros: nowMicros,
	}
}

// ended is the task after its work.
func (t *task) ended(cause error, nowMicros int64) *task {
	e := *t
	e.Status, e.UpdatedMicros, e.ExpiresMicros = taskSuccess, nowMicros, nowMicros+taskLife.Microseconds()
	if cause != nil {
		e.Status, e.Message = taskFailure, taskMessage(cause)
	}
	return &e
}

// taskMessage is what a user may read of an error: its message if it was
// written for users. Every other error may name addresses and files of the site,
// and is for the log.
func taskMessage(err error) string {
	if f := asFailure(err); f != nil && f.Message != "" {
		return f.Message
	}
	return "The import failed."
}

// rowView is the task as GET /v2/images/{image}/tasks shows it: Glance gives
// the row of its database (glance/db/sqlalchemy/api.py _task_format), to whoever
// sees the image. What was imported from where, by whom and why it failed is
// shown here to the task's project and to admins alone: a URI may be signed.
func (t *task) rowView(who caller) pyjson.Object {
	input, result := t.inputAndResult()
	var user, request, message any = t.UserID, t.RequestID, t.Message
	if !who.admin && (t.Owner == "" || t.Owner != who.project) {
		input, user, request, message = nil, nil, nil, nil
	}
	return pyjson.Object{
		{Key: "id", Value: t.ID},
		{Key: "type", Value: t.Type},
		{Key: "status", Value: t.Status},
		{Key: "owner", Value: t.Owner},
		{Key: "expires_at", Value: rowTime(t.ExpiresMicros)},
		{Key: "created_at", Value: rowTime(t.CreatedMicros)},
		{Key: "updated_at", Value: rowTime(t.UpdatedMicros)},
		{Key: "deleted_at", Value: nil},
		{Key: "deleted", Value: false},
		{Key: "image_id", Value: t.ImageID},
		{Key: "request_id", Value: request},
		{Key: "user_id", Value: user},
		{Key: "input", Value: input},
		{Key: "result", Value: result},
		{Key: "message", Value: message},
	}
}

// view is the task as GET /v2/tasks/{task} shows it (glance/api/v2/tasks.py
// _format_task).
func (t *task) view() pyjson.Object {
	input, result := t.inputAndResult()
	v := pyjson.Object{
		{Key: "id", Value: t.ID},
		{Key: "input", Value: input},
		{Key: "type", Value: t.Type},
		{Key: "status", Value: t.Status},
		{Key: "owner", Value: t.Owner},
		{Key: "message", Value: t.Message},
		{Key: "result", Value: result},
		{Key: "created_at", Value: wire.Time(t.CreatedMicros)},
		{Key: "updated_at", Value: wire.Time(t.UpdatedMicros)},
		{Key: "self", Value: "/v2/tasks/" + t.ID},
		{Key: "schema", Value: "/v2/schemas/task"},
	}
	for _, m := range []pyjson.Member{
		{Key: "image_id", Value: t.ImageID}, {Key: "request_id", Value: t.RequestID}, {Key: "user_id", Value: t.UserID},
	} {
		if m.Value != "" {
			v = append(v, m)
		}
	}
	return t.withExpiry(v)
}

// stubView is the task as a listing shows it (_format_task_stub).
func (t *task) stubView() pyjson.Object {
	return t.withExpiry(pyjson.Object{
		{Key: "id", Value: t.ID},
		{Key: "type", Value: t.Type},
		{Key: "status", Value: t.Status},
		{Key: "owner", Value: t.Owner},
		{Key: "created_at", Value: wire.Time(t.CreatedMicros)},
		{Key: "updated_at", Value: wire.Time(t.UpdatedMicros)},
		{Key: "self", Value: "/v2/tasks/" + t.ID},
		{Key: "schema", Value: "/v2/schemas/task"},
	})
}

func (t *task) withExpiry(v pyjson.Object) pyjson.Object {
	if t.ExpiresMicros == 0 {
		return v
	}
	return append(v, pyjson.Member{Key: "expires_at", Value: wire.Time(t.ExpiresMicros)})
}

// inputAndResult are what a view shows. The input was written by this package.
func (t *task) inputAndResult() (input, result any) {
	input, err := wire.DecodeJSON(t.Input)
	if err != nil {
		input = nil
	}
	if t.Status == taskSuccess {
		result = pyjson.Object{{Key: "image_id", Value: t.ImageID}}
	}
	return input, result
}

// rowTime is a time as oslo's jsonutils writes one of the database.
func rowTime(micros int64) any {
	if micros == 0 {
		return nil
	}
	return time.UnixMicro(micros).UTC().Format("2006-01-02T15:04:05.000000")
}
