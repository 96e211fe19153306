// SPDX-License-Identifier: Apache-2.0

package tasks

import (
	"encoding/json"
	"fmt"
	"time"

	"needletail/proxy/glance/wire"
	"needletail/proxy/pyjson"
)

// The states of a task (glance/domain/__init__.py Task).
const (
	Pending    = "pending" // of Glance alone: tasks begin at once here
	Processing = "processing"
	Success    = "success"
	Failure    = "failure"
)

// The types of a task.
const (
	TypeImageImport = "api_image_import" // made by POST /v2/images/{image}/import
	TypeImport      = "import"           // made by an admin with POST /v2/tasks
)

// recordVersion is the value of "version" in a record.
const recordVersion = 1

// life is how long a task is kept after its end (Glance's task_time_to_live).
const life = 48 * time.Hour

// Task is a record. The tags of the fields are the format on disk; times are
// microseconds since the Unix epoch.
type Task struct {
	Version       int             `json:"version"`
	ID            string          `json:"id"`
	Type          string          `json:"type"`
	Status        string          `json:"status"`
	Owner         string          `json:"owner"` // the project; "" for a token without a project
	ImageID       string          `json:"image_id"`
	UserID        string          `json:"user_id"`
	RequestID     string          `json:"request_id"`
	Input         json.RawMessage `json:"input"`
	Message       string          `json:"message"` // the reason of a failure
	CreatedMicros int64           `json:"created_us"`
	UpdatedMicros int64           `json:"updated_us"`
	ExpiresMicros int64           `json:"expires_us,omitempty"` // 0 until the end
}

// checkRecord refuses a record of another version.
func (t *Task) checkRecord() error {
	if t.Version != recordVersion {
		return fmt.Errorf("version %d", t.Version)
	}
	return nil
}

// expired says whether the task's life after its end is over.
func (t *Task) expired(nowMicros int64) bool {
	return t.ExpiresMicros != 0 && t.ExpiresMicros <= nowMicros
}

// ended returns the task after its work: a failure with a message, a success with
// the message "".
func (t *Task) ended(message string, nowMicros int64) *Task {
	e := *t
	e.Status, e.UpdatedMicros, e.ExpiresMicros = Success, nowMicros, nowMicros+life.Microseconds()
	if message != "" {
		e.Status, e.Message = Failure, message
	}
	return &e
}

// RowView returns the task as GET /v2/images/{image}/tasks shows tasks: as the
// row of Glance's database (glance/db/sqlalchemy/api.py _task_format). Glance
// shows the whole row to everybody who sees the image. Here only the task's
// project and admins see the source, the user and the message: a URI may be
// signed.
func (t *Task) RowView(project string, admin bool) pyjson.Object {
	input, result := t.inputAndResult()
	var user, request, message any = t.UserID, t.RequestID, t.Message
	if !admin && (t.Owner == "" || t.Owner != project) {
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

// View returns the task as GET /v2/tasks/{task} shows tasks
// (glance/api/v2/tasks.py _format_task).
func (t *Task) View() pyjson.Object {
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

// StubView returns the task as GET /v2/tasks lists tasks (_format_task_stub).
func (t *Task) StubView() pyjson.Object {
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
func (t *Task) withExpiry(v pyjson.Object) pyjson.Object {
	if t.ExpiresMicros == 0 {
		return v
	}
	return append(v, pyjson.Member{Key: "expires_at", Value: wire.Time(t.ExpiresMicros)})
}

// inputAndResult returns the decoded input of the task, and the result of a
// successful task. An input that cannot be decoded is null.
func (t *Task) inputAndResult() (input, result any) {
	input, err := wire.DecodeJSON(t.Input)
	if err != nil {
		input = nil
	}
	if t.Status == Success {
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
