#ifndef LOG_H
#define LOG_H

void log_info(const char *format, ...);
void log_error(const char *format, ...);
int log_get_level(void);

#endif
