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
	taskImport      = "import" // made by an admin with POST /v2/tasks
)

// taskLife is how long a task is kept after its end (Glance's task_time_to_live).
const taskLife = 48 * time.Hour

// task is a record. The tags of the fields are the format on disk; times are
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

// newImportTask returns the task of an import that begins.
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

// ended returns the task after its work: failed with a cause, successful without
// a cause.
func (t *task) ended(cause error, nowMicros int64) *task {
	e := *t
	e.Status, e.UpdatedMicros, e.ExpiresMicros = taskSuccess, nowMicros, nowMicros+taskLife.Microseconds()
	if cause != nil {
		e.Status, e.Message = taskFailure, taskMessage(cause)
	}
	return &e
}

// taskMessage returns the part of an error that a user may read: the message, if
// the error has an answer for users. An error without an answer may name
// addresses and files of the site, and is for the log alone.
func taskMessage(err error) string {
	if f := asFailure(err); f != nil && f.Message != "" {
		return f.Message
	}
	return "The import failed."
}

// rowView returns the task as GET /v2/images/{image}/tasks shows tasks: as the
// row of Glance's database (glance/db/sqlalchemy/api.py _task_format). Glance
// shows the whole row to everybody who sees the image. Here only the task's
// project and admins see the source, the user and the message: a URI may be
// signed.
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

// view returns the task as GET /v2/tasks/{task} shows tasks
// (glance/api/v2/tasks.py _format_task).
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

// stubView returns the task as GET /v2/tasks lists tasks (_format_task_stub).
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

// withExpiry adds the time at which an ended task expires.
func (t *task) withExpiry(v pyjson.Object) pyjson.Object {
	if t.ExpiresMicros == 0 {
		return v
	}
	return append(v, pyjson.Member{Key: "expires_at", Value: wire.Time(t.ExpiresMicros)})
}

// inputAndResult returns the input of the task, and the result of a successful
// task. The package wrote the input itself, so that the input can be decoded.
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

// rowTime returns a time as oslo's jsonutils writes a time of the database: with
// microseconds. The time 0 is null.
func rowTime(micros int64) any {
	if micros == 0 {
		return nil
	}
	return time.UnixMicro(micros).UTC().Format("2006-01-02T15:04:05.000000")
}
