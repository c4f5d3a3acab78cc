"""Planned work, incidents and suspicions in the admin: one line is one request (see the package)."""

# ruff: noqa: E501 - a table is read across

TABLE = """
# --- maintenance: window ---
#                                                                   staff     publisher cent oper supe admi audi none nost outs
GET  /admin/maintenance/window/                                     200  -    200  -    200  200  200  200  200  403  302  302
POST /admin/maintenance/window/ delete_selected:spare_window        200  200  200  200  200  200  200  200  200  403  302  302
GET  /admin/maintenance/window/add/                                 200  -    200  -    403  200  200  200  403  403  302  302
POST /admin/maintenance/window/add/ nothing                         200  -    200  -    403  200  200  200  403  403  302  302
GET  /admin/maintenance/window/{window}/                            302  302  -    -    -    -    -    302  -    302  -    302
GET  /admin/maintenance/window/{window}/change/                     200  404  200  404  200  200  200  200  200  403  302  302
POST /admin/maintenance/window/{window}/change/ nothing             200  404  200  404  403  200  200  200  403  403  302  302
GET  /admin/maintenance/window/{window}/history/                    200  404  200  404  200  200  200  200  200  403  302  302
GET  /admin/maintenance/window/{window}/delete/                     200  404  200  404  403  200  200  200  403  403  302  302
POST /admin/maintenance/window/{spare_window}/delete/ sure          302+ 404  302+ 404  403  302+ 302+ 302+ 403  403  302  302
GET  /admin/maintenance/window/?agency__id__exact={agency}          200  200  200  200  -    -    -    -    -    -    -    -
GET  /admin/maintenance/window/?q=okka                              200  -    200  -    -    -    -    -    -    -    -    -
GET  /admin/maintenance/window/add/?agency={agency}                 200  200  200  200  -    -    -    -    -    -    -    -
POST /admin/maintenance/window/policy/ nothing                      200  -    200  -    403  200  200  200  403  403  302  302
POST /admin/maintenance/window/{window}/policy/ nothing             200  404  200  404  403  200  200  200  403  404  302  302
GET  /admin/maintenance/window/month/                               200  -    200  -    200  200  200  200  200  403  302  302
GET  /admin/maintenance/window/{window}/act/submit/                 200  404  200  404  403  200  200  200  403  404  302  302
POST /admin/maintenance/window/{window}/act/submit/ nothing         302+ 404  302+ 404  403  302+ 302+ 302+ 403  404  302  302
GET  /admin/maintenance/window/{submitted}/act/approve/             403  404  200  404  403  403  200  200  403  404  302  302
POST /admin/maintenance/window/{submitted}/act/approve/ nothing     403  404  302+ 404  403  403  302+ 302+ 403  404  302  302
GET  /admin/maintenance/window/{submitted}/act/return/              403  404  200  404  403  403  200  200  403  404  302  302
POST /admin/maintenance/window/{submitted}/act/return/ reason       403  404  302+ 404  403  403  302+ 302+ 403  404  302  302
GET  /admin/maintenance/window/{running}/act/extend/                200  404  200  404  403  200  200  200  403  404  302  302
POST /admin/maintenance/window/{running}/act/extend/ later-end      302+ 404  302+ 404  403  302+ 302+ 302+ 403  404  302  302
GET  /admin/maintenance/window/{running}/act/complete/              200  404  200  404  403  200  200  200  403  404  302  302
POST /admin/maintenance/window/{running}/act/complete/ nothing      302+ 404  302+ 404  403  302+ 302+ 302+ 403  404  302  302
GET  /admin/maintenance/window/{ahead}/act/postpone/                200  404  200  404  403  200  200  200  403  404  302  302
POST /admin/maintenance/window/{ahead}/act/postpone/ note-to-all    302+ 404  302+ 404  403  302+ 302+ 302+ 403  404  302  302
GET  /admin/maintenance/window/{ahead}/act/cancel/                  200  404  200  404  403  200  200  200  403  404  302  302
POST /admin/maintenance/window/{ahead}/act/cancel/ note-to-all      302+ 404  302+ 404  403  302+ 302+ 302+ 403  404  302  302
GET  /admin/maintenance/window/{window}/act/duplicate/              200  404  200  404  403  200  200  200  403  404  302  302
POST /admin/maintenance/window/{window}/act/duplicate/ other-night  302+ 404  302+ 404  403  302+ 302+ 302+ 403  404  302  302
GET  /admin/maintenance/window/{window}/act/explode/                404  -    404  -    -    -    -    404  -    404  -    302

# --- maintenance: calendarperiod ---
#                                                                   staff     publisher cent oper supe admi audi none nost outs
GET  /admin/maintenance/calendarperiod/                             200  -    200  -    200  200  200  200  200  403  302  302
POST /admin/maintenance/calendarperiod/ delete_selected:period      200  -    200  -    200  200  200  302+ 200  403  302  302
GET  /admin/maintenance/calendarperiod/add/                         403  -    403  -    403  403  403  200  403  403  302  302
POST /admin/maintenance/calendarperiod/add/ nothing                 403  -    403  -    403  403  403  200  403  403  302  302
GET  /admin/maintenance/calendarperiod/{period}/                    302  -    -    -    -    -    -    302  -    302  -    302
GET  /admin/maintenance/calendarperiod/{period}/change/             200  -    200  -    200  200  200  200  200  403  302  302
POST /admin/maintenance/calendarperiod/{period}/change/ nothing     403  -    403  -    403  403  403  200  403  403  302  302
GET  /admin/maintenance/calendarperiod/{period}/history/            200  -    200  -    200  200  200  200  200  403  302  302
GET  /admin/maintenance/calendarperiod/{period}/delete/             403  -    403  -    403  403  403  200  403  403  302  302
POST /admin/maintenance/calendarperiod/{period}/delete/ sure        403  -    403  -    403  403  403  302+ 403  403  302  302

# --- incidents: incident ---
#                                                                   staff     publisher cent oper supe admi audi none nost outs
GET  /admin/incidents/incident/                                     200  -    200  -    200  200  200  200  200  403  302  302
POST /admin/incidents/incident/ delete_selected:incident            200  200  302  302  200  302  302  302  200  403  302  302
GET  /admin/incidents/incident/add/                                 403  -    403  -    403  403  403  403  403  403  302  302
POST /admin/incidents/incident/add/ nothing                         403  -    403  -    403  403  403  403  403  403  302  302
GET  /admin/incidents/incident/{incident}/                          302  302  -    -    -    -    -    302  -    302  -    302
GET  /admin/incidents/incident/{incident}/change/                   200  404  200  404  200  200  200  200  200  403  302  302
POST /admin/incidents/incident/{incident}/change/ nothing           403  404  403  404  403  403  403  403  403  403  302  302
GET  /admin/incidents/incident/{incident}/history/                  200  404  200  404  200  200  200  200  200  403  302  302
GET  /admin/incidents/incident/{incident}/delete/                   403  404  403  404  403  403  403  403  403  403  302  302
POST /admin/incidents/incident/{incident}/delete/ sure              403  404  403  404  403  403  403  403  403  403  302  302
GET  /admin/incidents/incident/?agency={code}                       200  200  200  200  -    -    -    -    -    -    -    -
GET  /admin/incidents/incident/?q=okka                              200  -    200  -    -    -    -    -    -    -    -    -
POST /admin/incidents/incident/ acknowledge_chosen:incident         200  200  302+ 302  200  302+ 302+ 302+ 200  403  302  302
GET  /admin/incidents/incident/{incident}/acknowledge/              302  404  302  404  302  302  302  302  302  404  302  302
POST /admin/incidents/incident/{incident}/acknowledge/ nothing      403  404  302+ 404  403  302+ 302+ 302+ 403  404  302  302
GET  /admin/incidents/incident/{incident}/write/                    403  404  200  404  403  200  200  200  403  404  302  302
POST /admin/incidents/incident/{incident}/write/ update             403  404  302+ 404  403  302+ 302+ 302+ 403  404  302  302
POST /admin/incidents/incident/{incident}/write/ look               403  404  200  404  403  200  200  200  403  404  302  302
GET  /admin/incidents/incident/{third_incident}/change/             200  -    200  -    -    -    -    -    -    -    -    -
GET  /admin/incidents/incident/{third_incident}/history/            200  -    200  -    -    -    -    -    -    -    -    -
GET  /admin/incidents/incident/{third_incident}/acknowledge/        302  -    302  -    -    -    -    -    -    -    -    -
POST /admin/incidents/incident/{third_incident}/acknowledge/ nothing 403  -    403  -    -    -    -    -    -    -    -    -
GET  /admin/incidents/incident/{third_incident}/write/              403  -    403  -    -    -    -    -    -    -    -    -
POST /admin/incidents/incident/{third_incident}/write/ update       403  -    403  -    -    -    -    -    -    -    -    -

# --- reports: suspicion ---
#                                                                   staff     publisher cent oper supe admi audi none nost outs
GET  /admin/reports/suspicion/                                      200  -    200  -    200  200  200  200  200  403  302  302
POST /admin/reports/suspicion/ delete_selected:suspicion            200  200  200  200  200  200  200  200  200  403  302  302
GET  /admin/reports/suspicion/add/                                  403  -    403  -    403  403  403  403  403  403  302  302
POST /admin/reports/suspicion/add/ nothing                          403  -    403  -    403  403  403  403  403  403  302  302
GET  /admin/reports/suspicion/{suspicion}/                          302  302  -    -    -    -    -    302  -    302  -    302
GET  /admin/reports/suspicion/{suspicion}/change/                   200  404  200  404  200  200  200  200  200  403  302  302
POST /admin/reports/suspicion/{suspicion}/change/ nothing           403  404  403  404  403  403  403  403  403  403  302  302
GET  /admin/reports/suspicion/{suspicion}/history/                  200  404  200  404  200  200  200  200  200  403  302  302
GET  /admin/reports/suspicion/{suspicion}/delete/                   403  404  403  404  403  403  403  403  403  403  302  302
POST /admin/reports/suspicion/{suspicion}/delete/ sure              403  404  403  404  403  403  403  403  403  403  302  302
GET  /admin/reports/suspicion/?agency__id__exact={agency}           200  200  200  200  -    -    -    -    -    -    -    -
GET  /admin/reports/suspicion/?q=okka                               200  -    200  -    -    -    -    -    -    -    -    -
"""
