// Package tasks is the tasks of the Image API: their records, their views and the
// query of their listing. A task tells the outcome of an import to the user who
// asked for the import. The work itself is done by package glance.
//
// A task begins as "processing" and ends as "success" or "failure". A task that
// has ended is kept for 48 hours. The number of tasks and the length of their
// inputs are bounded.
package tasks
