/* A station as JSON, for the control port. */
#ifndef SIM_CONTROL_VIEW_H
#define SIM_CONTROL_VIEW_H

struct cJSON;
struct station;

/* One line of GET /printers; cJSON_Delete() it. */
struct cJSON *view_summary(struct station *station);

/* All of GET /printers/{serial}; cJSON_Delete() it. */
struct cJSON *view_detail(struct station *station);

#endif
