"""The version of Titrate: firmware, host tool and protocol dictionary alike."""

VERSION = "0.1.0"
