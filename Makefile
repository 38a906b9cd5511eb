# SPDX-License-Identifier: Apache-2.0
# The everyday commands.  meson and ninja do the work.
BUILD ?= build
all: $(BUILD)/build.ninja
	@ninja -C $(BUILD)
$(BUILD)/build.ninja:
	meson setup $(BUILD) >/dev/null
.PHONY: all
