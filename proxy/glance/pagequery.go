package glance

// pageQuery is what the queries of paged listings of tasks and namespaces have
// in common, checked.
type pageQuery struct {
	pairs     []pair // all but the marker, for the links
	limit     int
	marker    string
	key       string // to sort by
	ascending bool
}

// parsePage reads a query. It asks isKey about sort keys and gives other
// parameters, the marker among them, to each.
func parsePage(raw string, isKey func(string) bool, each func(pair) error) (pageQuery, error) {
	q := pageQuery{limit: defaultLimit, key: "created_at"}
	pairs, err := parsePairs(raw)
	if err != nil {
		return q, err
	}
	for _, p := range pairs {
		if p.key != "marker" {
			q.pairs = append(q.pairs, p)
		}
		switch p.key {
		case "limit":
			q.limit, err = parseLimit(p.value)
		case "sort_key":
			if q.key = p.value; !isKey(p.value) {
				err = failf(400, "Invalid sort key: %s", cut(p.value))
			}
		case "sort_dir":
			if q.ascending = p.value == "asc"; !q.ascending && p.value != "desc" {
				err = failf(400, "Invalid sort direction: %s", cut(p.value))
			}
		case "marker":
			q.marker = p.value
			err = each(p)
		default:
			err = each(p)
		}
		if err != nil {
			return q, err
		}
	}
	return q, nil
}
