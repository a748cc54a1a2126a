# SPDX-License-Identifier: MIT
# libmuster, shared and static: only muster_* leaves either.
add_library(libmuster SHARED $<TARGET_OBJECTS:core>)
set_target_properties(libmuster PROPERTIES OUTPUT_NAME muster VERSION ${PROJECT_VERSION}
    SOVERSION ${PROJECT_VERSION_MAJOR})
target_include_directories(libmuster INTERFACE include)
target_link_libraries(libmuster PRIVATE core)

# Static: one object of all, whose hidden symbols are made local, so that they meet nobody else's.
set(static_library "${CMAKE_BINARY_DIR}/libmuster.a")
add_custom_command(OUTPUT "${static_library}"
    COMMAND ${CMAKE_LINKER} -r -o muster-all.o $<TARGET_OBJECTS:core>
    COMMAND ${CMAKE_OBJCOPY} --localize-hidden muster-all.o
    COMMAND ${CMAKE_COMMAND} -E rm -f "${static_library}"
    COMMAND ${CMAKE_AR} rcs "${static_library}" muster-all.o
    DEPENDS core $<TARGET_OBJECTS:core>
    COMMAND_EXPAND_LISTS VERBATIM)
add_custom_target(libmuster_static ALL DEPENDS "${static_library}")

# Relative, so that an installed tree may be moved.
file(RELATIVE_PATH prefix_from_pc "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig" "${CMAKE_INSTALL_PREFIX}")
configure_file(config/muster.pc.in muster.pc @ONLY)
install(TARGETS libmuster)
install(FILES "${static_library}" DESTINATION "${CMAKE_INSTALL_LIBDIR}")
install(FILES "${CMAKE_BINARY_DIR}/muster.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
install(FILES include/muster/muster.h DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/muster")
