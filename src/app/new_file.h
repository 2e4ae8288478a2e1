// app/new_file.h - see base/new_file.h.
#pragma once

#include "base/new_file.h"
