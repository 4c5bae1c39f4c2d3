# What every board folder under boards/ includes at the end of its mpconfigboard.cmake: freezes
# the board's manifest, and writes the module pump_image at every build, before anything is frozen.
# Needs CMake 3.19 or newer.

set(MICROPY_FROZEN_MANIFEST ${MICROPY_BOARD_DIR}/manifest.py)

# The manifest names this folder as $(TITRATE_GENERATED_DIR).
set(MICROPY_MANIFEST_TITRATE_GENERATED_DIR ${CMAKE_BINARY_DIR}/titrate)
file(MAKE_DIRECTORY ${MICROPY_MANIFEST_TITRATE_GENERATED_DIR})

find_package(Python3 REQUIRED COMPONENTS Interpreter)
add_custom_target(titrate_pump_image
    COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/write_pump_image.py
        --board-folder ${MICROPY_BOARD_DIR}
        --output ${MICROPY_MANIFEST_TITRATE_GENERATED_DIR}/pump_image.py
    VERBATIM
)

# MicroPython's rules make the other target further on.
cmake_language(DEFER CALL add_dependencies BUILD_FROZEN_CONTENT titrate_pump_image)

# A request comes in above whatever the prompt or a script is doing, and MicroPython's 8 KB leave
# it less than 1 KB. The heap, which ends where the two banks of the stack begin, has 8 KB to spare.
function(titrate_stack_of_16_kb)
    get_target_property(definitions ${MICROPY_TARGET} COMPILE_DEFINITIONS)
    list(TRANSFORM definitions REPLACE "^PICO_STACK_SIZE=.*" "PICO_STACK_SIZE=0x4000")
    set_target_properties(${MICROPY_TARGET} PROPERTIES COMPILE_DEFINITIONS "${definitions}")
    set_property(SOURCE main.c APPEND PROPERTY COMPILE_DEFINITIONS __GcHeapEnd=__StackBottom)
endfunction()
cmake_language(DEFER CALL titrate_stack_of_16_kb)
