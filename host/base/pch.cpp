// Only here to carry the precompiled header (see host/CMakeLists.txt).
