# SPDX-License-Identifier: MIT
# The manual pages. muster.1 gets its options from the option table of the program just built.
set(man_pages "${CMAKE_BINARY_DIR}/man/muster.1")
add_custom_command(OUTPUT "${man_pages}"
    COMMAND "${CMAKE_COMMAND}" -E make_directory "${CMAKE_BINARY_DIR}/man"
    COMMAND muster help --man-page "${CMAKE_SOURCE_DIR}/man/muster.1.in" > "${man_pages}.new"
    COMMAND "${CMAKE_COMMAND}" -E rename "${man_pages}.new" "${man_pages}"
    DEPENDS muster "${CMAKE_SOURCE_DIR}/man/muster.1.in" VERBATIM)
add_custom_target(man ALL DEPENDS "${man_pages}")
file(GLOB man_pages_written CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/man/*.[1-8]")
foreach(page "${man_pages}" ${man_pages_written})
    string(REGEX REPLACE ".*\\.([1-8])$" "\\1" section "${page}")
    install(FILES "${page}" DESTINATION "${CMAKE_INSTALL_MANDIR}/man${section}")
endforeach()
