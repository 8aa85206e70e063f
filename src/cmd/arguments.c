/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/arguments.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/view.h"
#include "cmd/show.h"
#include "cmd/verb.h"
#include "os/file.h"

enum { OUT = 1, WHY_BYTES = 256 };

static int refuse(const char *usage, const char *format, const char *name)
{
    char why[WHY_BYTES];
    (void)snprintf(why, sizeof why, format, name); /* cut where it is long */
    show_error(usage, why);
    return STATUS_USAGE;
}

static const struct argument *find(const struct argument *table, size_t size, const char *name)
{
    for (size_t index = 0; index < size; index++)
        if (table[index].name != NULL && strcmp(table[index].name, name) == 0)
            return &table[index];
    return NULL;
}

/* The first one without a name that has no value yet. */
static const struct argument *find_free(const struct argument *table, size_t size)
{
    for (size_t index = 0; index < size; index++)
        if (table[index].name == NULL && *(const char **)table[index].out == NULL)
            return &table[index];
    return NULL;
}

static int take(const struct argument *argument, const char *usage, const char *value)
{
    switch (argument->kind) {
    case ARGUMENT_SWITCH: *(bool *)argument->out = true; return -1;
    case ARGUMENT_TEXT: *(const char **)argument->out = value; return -1;
    case ARGUMENT_NUMBER:
        if (view_to_number(view_of_string(value), INT64_MAX, argument->out))
            return -1;
        return refuse(usage, "%s needs a whole number", argument->name);
    }
    return STATUS_USAGE;
}

int arguments_read(const struct argument *table, size_t size, const char *usage, int count, char **values)
{
    for (int index = 0; index < count; index++) {
        const char *name = values[index];
        if (strcmp(name, "--help") == 0) {
            os_print(OUT, view_of_string(usage));
            return EXIT_SUCCESS;
        }
        bool has_name = name[0] == '-' && name[1] != '\0'; /* "-" alone is stdin or stdout */
        const struct argument *argument = has_name ? find(table, size, name) : find_free(table, size);
        if (argument == NULL)
            return refuse(usage, "the argument %s is not known here, or one too many", name);
        bool has_value = has_name && argument->kind != ARGUMENT_SWITCH;
        if (has_value && index + 1 == count)
            return refuse(usage, "%s needs a value", name);
        int status = take(argument, usage, has_value ? values[++index] : name);
        if (status >= 0)
            return status;
    }
    return -1;
}

const char *arguments_folder(void)
{
    const char *folder = getenv("NATTER_DATA");
    return folder != NULL && folder[0] != '\0' ? folder : SHOW_FOLDER_DEFAULT;
}
