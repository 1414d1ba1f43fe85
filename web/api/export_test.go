package api

// DecodesEnrolment tells whether a body is taken as one of a new enrolment.
func DecodesEnrolment(body []byte) bool {
	var in newEnrolment
	return len(decode(body, &in)) == 0
}
